"""pylibmc (libmemcached): the commands beside get and set."""
import sys

try:
    import pylibmc
except ImportError as error:
    sys.exit(f"{error}: apt install python3-pylibmc")

server = f"{sys.argv[1]}:{sys.argv[2]}"
client = pylibmc.Client([server], binary=False)

assert client.set_multi({"pylibmc-a": "1", "pylibmc-b": 2, "pylibmc-c": [3]}) == []
found = client.get_multi(["pylibmc-a", "pylibmc-none", "pylibmc-b", "pylibmc-c"])
assert found == {"pylibmc-a": "1", "pylibmc-b": 2, "pylibmc-c": [3]}, found
assert client.get_multi(["pylibmc-a", "pylibmc-b"]) == {}

client.set("pylibmc-a", "x")
assert client.delete("pylibmc-a")
assert client.get("pylibmc-a") is None

client.set("pylibmc-a", "x", time=3600)
assert client.get("pylibmc-a") == "x"
client.set("pylibmc-a", "x", time=100 * 24 * 3600)
assert client.get("pylibmc-a") is None, "over 30 days is a Unix time, and this one is in April 1970"

((name, stats),) = client.get_stats()
stats = {key.decode() if isinstance(key, bytes) else key: value for key, value in stats.items()}
assert int(stats["curr_connections"]) >= 1, stats

# Without replies.
silent = pylibmc.Client([server], binary=False, behaviors={"noreply": True} if "noreply" in dir(pylibmc) else {})
for number in range(100):
    silent.set("pylibmc-silent", number)
for number in range(100):
    assert silent.get("pylibmc-silent") == number

# The queue dialect through a cache's client: options ride on the key, and a single get ignores the echo.
client.set("pylibmc-work", "first")
client.set("pylibmc-work", "second")
assert client.get("pylibmc-work/open") == "first"
assert client.get("pylibmc-work/close/open") == "second"
assert client.get("pylibmc-work/abort") is None
assert client.get("pylibmc-work/t=100") == "second"
assert client.get("pylibmc-work/t=1") is None
