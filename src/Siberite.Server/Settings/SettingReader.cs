using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;

namespace Siberite.Server.Settings;

/// <summary>Reads one section into its options, and says of each value that cannot be read which one and why.</summary>
/// <remarks>The framework's binder stops at the first bad value, takes <c>5</c> for five days where a duration is
/// wanted, and takes numbers for enums. An operator deserves better.</remarks>
internal static class SettingReader
{
    /// <summary>Reads <paramref name="section"/>; what is not set keeps its default.</summary>
    public static T Read<T>(IConfiguration configuration, string section, List<string> errors)
        where T : new()
    {
        var options = new T();
        foreach (var setting in SettingsOf(typeof(T)))
        {
            var path = $"{section}:{setting.Name}";
            if (configuration[path] is not { } text)
            {
                continue;
            }

            if (TryRead(setting, path, text, errors, out var value))
            {
                setting.SetValue(options, value);
            }
        }

        return options;
    }

    /// <summary>Reads one value; one that cannot be read goes to <paramref name="errors"/>.</summary>
    public static bool TryRead(
        PropertyInfo setting, string path, string text, List<string> errors, [NotNullWhen(true)] out object? value)
    {
        value = Parse(text.Trim(), setting.PropertyType, out var expected);
        if (value is null)
        {
            errors.Add($"{path} is '{text}': must be {expected}");
        }

        return value is not null;
    }

    /// <summary>The setting of that name, in whatever case, or <see langword="null"/>.</summary>
    public static PropertyInfo? Find(Type options, string name)
        => SettingsOf(options).FirstOrDefault(
            setting => setting.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The settings of an options class.</summary>
    public static IEnumerable<PropertyInfo> SettingsOf(Type options)
        => options.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite);

    private static object? Parse(string text, Type type, out string expected)
    {
        var invariant = CultureInfo.InvariantCulture;
        if (type.IsEnum)
        {
            var names = Enum.GetNames(type);
            var isName = names.Contains(text, StringComparer.OrdinalIgnoreCase);
            expected = string.Join(", ", names[..^1]) + " or " + names[^1];
            return isName ? Enum.Parse(type, text, ignoreCase: true) : null;
        }

        if (type == typeof(string))
        {
            expected = "a text"; // An empty one too: SettingRules says where there must be one.
            return text;
        }

        if (type == typeof(bool))
        {
            expected = "true or false";
            return bool.TryParse(text, out var truth) ? truth : null;
        }

        if (type == typeof(TimeSpan))
        {
            // Without a colon it would count days, which nobody means.
            expected = "a duration as [days.]hours:minutes:seconds[.fraction], such as 00:00:30";
            return text.Contains(':') && TimeSpan.TryParse(text, invariant, out var duration) ? duration : null;
        }

        expected = "a whole number";
        return type == typeof(int) && int.TryParse(text, NumberStyles.AllowLeadingSign, invariant, out var number)
            ? number
            : type == typeof(long) && long.TryParse(text, NumberStyles.AllowLeadingSign, invariant, out var large)
                ? large
                : null;
    }
}
