"""Plain sockets: the dialect as a script of somebody without a library would speak it."""
import socket
import sys

address = (sys.argv[1], int(sys.argv[2]))


def ask(connection, request, reply):
    connection.sendall(request)
    received = b""
    while len(received) < len(reply):
        piece = connection.recv(65_536)
        assert piece, (request, received)
        received += piece
    assert received == reply, (request, received)


def wait_until_returned(connection, queue):
    """A connection that is gone is noticed soon, not before the next one is served."""
    connection.settimeout(60)
    none_open = b"STAT queue_%s_open_transactions 0\r\n" % queue
    lines = connection.makefile("rb")
    reply = b""
    while none_open not in reply:
        connection.sendall(b"stats\r\n")
        reply = b"".join(iter(lines.readline, b"END\r\n"))


producer = socket.create_connection(address, timeout=60)
consumer = socket.create_connection(address, timeout=60)
ask(producer, b"set sockets 0 0 5\r\nfirst\r\n", b"STORED\r\n")
ask(producer, b"set sockets 0 0 6\r\nsecond\r\n", b"STORED\r\n")
ask(consumer, b"get sockets/open\r\n", b"VALUE sockets 0 5\r\nfirst\r\nEND\r\n")
consumer.shutdown(socket.SHUT_RDWR)
consumer.close()

# The first item came back to the head.
wait_until_returned(producer, b"sockets")
consumer = socket.create_connection(address, timeout=60)
ask(consumer, b"get sockets/open/t=10000\r\n", b"VALUE sockets 0 5\r\nfirst\r\nEND\r\n")
ask(consumer, b"get sockets/close/open\r\n", b"VALUE sockets 0 6\r\nsecond\r\nEND\r\n")
ask(consumer, b"get sockets/close\r\n", b"END\r\n")
consumer.sendall(b"get sockets/t=60000\r\n")
ask(producer, b"set sockets 0 0 5\r\nthird\r\n", b"STORED\r\n")
ask(consumer, b"", b"VALUE sockets 0 5\r\nthird\r\nEND\r\n")
ask(consumer, b"delete sockets\r\n", b"DELETED\r\n")
