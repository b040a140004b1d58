import json
import re
import uuid

from newcomer.shop import new_name


def broken_bodies(first, second):
    """Bodies that are not one proper JSON object in UTF-8.

    `first` and `second` are two written members that would be a proper request
    if they stood in braces, so that a careless reader would carry it out.
    """
    both = first + b"," + second
    good = b"{" + both + b"}"
    yield "an empty body", b""
    yield "only spaces", b" \r\n\t "
    for text in (b"null", b"true", b"5", b'"text"', b"[]", b"[" + good + b"]"):
        yield f"{text[:6].decode()} instead of an object", text
    for cut in (1, 2, len(first), len(good) - 1):
        yield f"a body cut after {cut} bytes", good[:cut]
    yield "a trailing comma", b"{" + both + b",}"
    yield "a leading comma", b"{," + both + b"}"
    yield "no comma", b"{" + first + b" " + second + b"}"
    yield "a semicolon", b"{" + first + b";" + second + b"}"
    yield "single quotes", good.replace(b'"', b"'")
    yield "unquoted names", re.sub(rb'"(\w+)":', rb"\1:", good)
    yield "an equals sign", good.replace(b":", b"=")
    yield "a comment", b"{/* now */" + both + b"}"
    yield "a line comment", b"// now\n" + good
    yield "text after the object", good + b"x"
    yield "a second object", good + good
    yield "a second bracket", good + b"}"
    yield "a wrong bracket", b"{" + both + b"]"
    yield "NaN in it", b"{" + both + b',"x":NaN}'
    yield "Infinity in it", b"{" + both + b',"x":-Infinity}'
    yield "True in it", b"{" + both + b',"x":True}'
    yield "a leading zero", b"{" + both + b',"x":01}'
    yield "a plus sign", b"{" + both + b',"x":+1}'
    yield "a bare point", b"{" + both + b',"x":1.}'
    yield "a hexadecimal number", b"{" + both + b',"x":0x1}'
    yield "an unknown escape", b"{" + both + b',"x":"\\x41"}'
    yield "a cut escape", b"{" + both + b',"x":"\\u12"}'
    yield "a raw line break in a text", b"{" + both + b',"x":"a\nb"}'
    yield "a raw NUL in a text", b"{" + both + b',"x":"a\x00b"}'
    yield "a NUL after the object", good + b"\x00"
    yield "a NUL before the object", b"\x00" + good
    yield "a form instead of JSON", b"toUser=a&amount=1&username=a&password=b"
    for name, octets in WRONG_UTF8:
        yield f"{name} in it", b"{" + both + b',"x":"' + octets + b'"}'
    yield "UTF-16", good.decode("utf-8").encode("utf-16")
    yield "a member twice", b"{" + both + b"," + second + b"}"
    yield "a member twice with another value", b"{" + second.split(b":")[0] + b":2," + both + b"}"
    yield "the first member twice", b"{" + first + b"," + both + b"}"
    yield "a member twice, once escaped", b"{" + escaped_name(second) + b"," + both + b"}"
    for depth in (2000, 30000):
        yield f"{depth} open brackets", b"[" * depth
        yield f"{depth} nested lists", b"[" * depth + b"]" * depth
        yield f"{depth} nested objects", b'{"a":' * depth + b"1" + b"}" * depth


WRONG_UTF8 = (
    ("a lone continuation byte", b"\x80"),
    ("a cut sequence", b"\xd0"),
    ("an overlong slash", b"\xc0\xaf"),
    ("an overlong NUL", b"\xc0\x80"),
    ("a surrogate", b"\xed\xa0\x80"),
    ("a code beyond Unicode", b"\xf4\x90\x80\x80"),
    ("the byte FF", b"\xff"),
    ("Latin-1", "é".encode("latin-1")),
)


def escaped_name(member):
    """Write the first letter of a member's name as an escape."""
    return b'"\\u%04x' % member[1] + member[2:]


def chapter_broken_bodies(newcomer):
    """Broken bodies of many kinds are 400 and move no coin."""
    sender, receiver = newcomer.register(), newcomer.register()
    to_user = b'"toUser":"%s"' % receiver.name.encode()
    for what, raw in broken_bodies(to_user, b'"amount":1'):
        newcomer.refused_send(sender, receiver, raw, what)
    for octets in (octets for _, octets in WRONG_UTF8):
        raw = b'{"toUser":"%s%s","amount":1}' % (receiver.name.encode(), octets)
        newcomer.refused_send(sender, receiver, raw, "a recipient in wrong UTF-8")


def chapter_large_bodies(newcomer):
    """Bodies over 64 KB are refused in the shop's dialect, or done wholly."""
    sender, receiver = newcomer.register(), newcomer.register()
    name = receiver.name.encode()
    for size in (70_000, 1_000_000, 5_000_000):
        filler = b"x" * size
        newcomer.refused_send(sender, receiver, filler, f"{size} letters")
        raw = b'{"toUser":"%s","amount":1}' % filler
        newcomer.refused_send(sender, receiver, raw, f"a recipient of {size} letters")
        raw = b'{"toUser":"%s","amount":%s}' % (name, b"1" * size)
        newcomer.refused_send(sender, receiver, raw, f"an amount of {size} digits")
        raw = b'{"username":"%s","password":"%s"}' % (new_name().encode(), filler)
        answer = newcomer.shop.call("POST", "/api/auth", raw=raw)
        newcomer.refused(answer, 400, f"a password of {size} letters")
        raw = b'{"toUser":"%s","amount":1,"extra":"%s"}' % (name, filler)
        newcomer.sent_or_refused(sender, receiver, raw, f"an extra member of {size} letters")
        raw = b'{"toUser":"%s","amount":1}%s' % (name, b" " * size)
        newcomer.sent_or_refused(sender, receiver, raw, f"{size} spaces after the object")
    for depth in (500, 20_000):
        nest = b"[" * depth + b"]" * depth
        raw = b'{"toUser":"%s","amount":1,"extra":%s}' % (name, nest)
        newcomer.sent_or_refused(sender, receiver, raw, f"an extra member {depth} lists deep")


def chapter_permitted_bodies(newcomer):
    """Unusual but proper requests are carried out."""
    sender, receiver = newcomer.register(), newcomer.register()
    name = receiver.name
    permitted = (
        json.dumps({"toUser": name, "amount": 1, "note": {"a": [1, None, "x"]}}),
        f'\r\n\t {{ "amount" : 1 ,\n "toUser" : "{name}" }}\n',
        f'{{"toUser":"\\u{ord(name[0]):04x}{name[1:]}","amount":1}}',
        json.dumps({"toUser": name, "amount": 1, "Amount": 7, "toUsers": ["x"]}),
    )
    for raw in permitted:
        for headers in ((), (("Content-Type", "text/plain"),)):
            answer = newcomer.shop.call(
                "POST", "/api/sendCoin", token=sender.token, raw=raw.encode(), headers=headers
            )
            if newcomer.is_done(answer, "a proper body in unusual dress is accepted"):
                sender.sends(receiver, 1)
            newcomer.agrees(sender, "one coin is sent")
            newcomer.agrees(receiver, "one coin is received")


def chapter_idempotency(newcomer):
    """A key given with a transfer makes its repetition harmless."""
    sender, receiver = newcomer.register(), newcomer.register()
    key = (("Idempotency-Key", str(uuid.uuid4())),)
    newcomer.send(sender, receiver, 7, headers=key)
    for _ in range(5):
        data = {"toUser": receiver.name, "amount": 7}
        answer = newcomer.shop.call(
            "POST", "/api/sendCoin", token=sender.token, data=data, headers=key
        )
        newcomer.is_done(answer, "a repeated transfer gets the first answer")
        newcomer.agrees(sender, "a repeated transfer is not sent twice")
        newcomer.agrees(receiver, "a repeated transfer is not received twice")
    data = {"toUser": receiver.name, "amount": 8}
    answer = newcomer.shop.call("POST", "/api/sendCoin", token=sender.token, data=data, headers=key)
    newcomer.refused(answer, 400, "another transfer under a used key", sender, receiver)
    newcomer.send(sender, receiver, 7)
    newcomer.send(sender, receiver, 7)
    newcomer.agrees(sender, "equal transfers without a key are all done")
    newcomer.agrees(receiver, "equal transfers without a key are all received")

CHAPTERS = (
    chapter_broken_bodies, chapter_large_bodies, chapter_permitted_bodies, chapter_idempotency,
)
