"""pymemcache: the commands beside get and set, with replies and without."""
import sys

try:
    from pymemcache.client.base import Client
    from pymemcache.exceptions import MemcacheClientError, MemcacheUnknownCommandError
except ImportError as error:
    sys.exit(f"{error}: apt install python3-pymemcache")

client = Client((sys.argv[1], int(sys.argv[2])), timeout=60)

# Without replies, the client and the server must stay in step.
for number in range(1_000):
    client.set(f"pymemcache-{number % 3}", b"%d" % number)
for number in range(1_000):
    assert client.get(f"pymemcache-{number % 3}") == b"%d" % number

assert client.set_many({"pymemcache-a": b"1", "pymemcache-b": b"2"}, noreply=False) == []
found = client.get_many(["pymemcache-a", "pymemcache-none", "pymemcache-b"])
assert found == {"pymemcache-a": b"1", "pymemcache-b": b"2"}, found

client.set("pymemcache-a", b"x", noreply=False)
assert client.delete("pymemcache-a", noreply=False) is True
assert client.delete("pymemcache-a", noreply=False) is True
assert client.get("pymemcache-a") is None
client.set("pymemcache-a", b"x")
client.delete("pymemcache-a")
assert client.get("pymemcache-a") is None

client.set("pymemcache-a", b"x", expire=3600, noreply=False)
assert client.get("pymemcache-a") == b"x"
client.set("pymemcache-a", b"x", expire=-1, noreply=False)
assert client.get("pymemcache-a") is None

version = client.version()
assert all(part.isdigit() for part in version.decode().split(".")) and int(version.split(b".")[0]) >= 1, version

stats = client.stats()
assert stats[b"curr_connections"] >= 1 and stats[b"version"] == version, stats
assert client.stats("settings") == {}

# A cache's commands are refused, their data swallowed.
for refused in (
    lambda: client.add("pymemcache-a", b"version\r\n", noreply=False),
    lambda: client.replace("pymemcache-a", b"x", noreply=False),
    lambda: client.append("pymemcache-a", b"x", noreply=False),
    lambda: client.cas("pymemcache-a", b"x", b"1", noreply=False),
    lambda: client.incr("pymemcache-a", 1),
):
    try:
        refused()
        sys.exit("a command of a cache was taken")
    except MemcacheUnknownCommandError:
        pass
    assert client.version() == version

# An illegal name is the client's error, and the connection goes on.
try:
    client.set("pymemcache~", b"x", noreply=False)
    sys.exit("an illegal name was taken")
except MemcacheClientError:
    pass
assert client.version() == version
client.quit()
