"""flush_all as the client libraries send it. Needs a server of its own."""
import sys

try:
    import pylibmc
    from pymemcache.client.base import Client
except ImportError as error:
    sys.exit(f"{error}: apt install python3-pymemcache python3-pylibmc")

host, port = sys.argv[1], int(sys.argv[2])
client = Client((host, port), timeout=60)

# pymemcache: silent by default, and then true.
client.set("flushed", b"x", noreply=False)
assert client.flush_all() is True
assert client.get("flushed") is None

# With a reply it knows OK only, which the ancestors never said: false, but done.
client.set("flushed", b"x", noreply=False)
assert client.flush_all(noreply=False) is False
assert client.get("flushed") is None

# libmemcached sends a delay and does not know the reply either.
client.set("flushed", b"x", noreply=False)
library = pylibmc.Client([f"{host}:{port}"], binary=False)
try:
    library.flush_all()
except pylibmc.Error:
    pass
assert client.get("flushed") is None
assert library.set("flushed", "y") and library.get("flushed") == "y"
