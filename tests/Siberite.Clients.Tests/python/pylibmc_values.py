"""pylibmc (libmemcached): typed values come back as they were, with their flags; sizes up to the largest item."""
import sys

try:
    import pylibmc
except ImportError as error:
    sys.exit(f"{error}: apt install python3-pylibmc")

server = f"{sys.argv[1]}:{sys.argv[2]}"

for behaviors in ({}, {"cas": True}, {"tcp_nodelay": True, "no_block": True}):
    client = pylibmc.Client([server], binary=False, behaviors=behaviors)
    values = [
        "text", "очередь", "", b"bytes\r\n\x00\xff", b"", 0, 42, -7, 2**70, 1.5,
        {"a": [1, 2.5, None], "b": ("x", b"y")}, [], "END\r\n", "x" * 100_000,
    ]
    for value in values:
        assert client.set("pylibmc-values", value)
        found = client.get("pylibmc-values")
        assert found == value and type(found) is type(value), (behaviors, value, found)
        assert client.get("pylibmc-values") is None

    # pylibmc itself sends a bool as an int.
    client.set("pylibmc-values", True)
    assert client.get("pylibmc-values") == 1
    client.disconnect_all()

client = pylibmc.Client([server], binary=False, behaviors={"send_timeout": 60_000_000, "receive_timeout": 60_000_000})
for size in (0, 1, 1 << 20, 8 << 20):
    value = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert client.set("pylibmc-sizes", value), size
    assert client.get("pylibmc-sizes") == value, size

# One byte more: libmemcached knows the text of the refusal, and its connection goes on.
try:
    client.set("pylibmc-sizes", b"x" * ((8 << 20) + 1))
    sys.exit("an item over the limit was taken")
except pylibmc.TooBig:
    pass
assert client.get("pylibmc-sizes") is None

# Compressed values are bytes with a flag.
text = "durable queue " * 10_000
client.set("pylibmc-sizes", text, min_compress_len=100)
assert client.get("pylibmc-sizes") == text
