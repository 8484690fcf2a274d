"""pymemcache: typed values come back as they were, with their flags; sizes from nothing to the largest item."""
import sys

try:
    from pymemcache import serde
    from pymemcache.client.base import Client
except ImportError as error:
    sys.exit(f"{error}: apt install python3-pymemcache")

client = Client((sys.argv[1], int(sys.argv[2])), serde=serde.pickle_serde, timeout=60)

values = [
    "text", "очередь", "", b"bytes\r\n\x00\xff", b"", 0, 42, -7, 2**70, True, False, None, 1.5,
    {"a": [1, 2.5, None], "b": ("x", b"y")}, [], "END\r\n", "x" * 100_000,
]
for value in values:
    # By default pymemcache asks for no reply to a set: an answer would be taken for that of the get.
    assert client.set("pymemcache-values", value)
    found = client.get("pymemcache-values")
    assert found == value and type(found) is type(value), (value, found)
    assert client.get("pymemcache-values") is None

raw = Client((sys.argv[1], int(sys.argv[2])), timeout=60)
for size in (0, 1, 1 << 20, 8 << 20):
    for noreply in (True, False):
        value = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        assert raw.set("pymemcache-sizes", value, noreply=noreply)
        assert raw.get("pymemcache-sizes") == value, size

# One byte more is refused with an error that the client knows, and the connection is still in step.
from pymemcache.exceptions import MemcacheServerError

try:
    raw.set("pymemcache-sizes", b"x" * ((8 << 20) + 1), noreply=False)
    sys.exit("an item over the limit was taken")
except MemcacheServerError as error:
    assert b"object too large for cache" in error.args[0], error
assert raw.get("pymemcache-sizes") is None

# All 32 bits of the flags belong to the client.
for flags in (1, 65_535, 65_536, 2**31, 2**32 - 1):
    seen = []
    typed = Client(
        (sys.argv[1], int(sys.argv[2])),
        serializer=lambda key, value: (value, flags),
        deserializer=lambda key, value, found: seen.append(found) or value,
        timeout=60,
    )
    typed.set("pymemcache-flags", b"x", noreply=False)
    assert typed.get("pymemcache-flags") == b"x"
    assert seen == [flags], (flags, seen)
