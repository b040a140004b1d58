


def chapter_connections(newcomer):
    """Keep-alive, pipelining, chunks and slow writers are all served."""
    first, second = newcomer.register(), newcomer.register()
    newcomer.send_and_compare(first, second, 3)
    keep_alive(newcomer, first)
    for _ in range(5):
        pipelined_infos(newcomer, first, second)
        pipelined_purchase(newcomer, first)
    data = {"toUser": second.name, "amount": 2}
    answer = newcomer.shop.chunked("/api/sendCoin", first.token, data)
    if newcomer.is_done(answer, "a chunked body is accepted"):
        first.sends(second, 2)
    newcomer.send(first, second, 4, split=True)
    newcomer.agrees(first, "chunked and slow requests are carried out once")
    newcomer.agrees(second, "chunked and slow requests arrive once")


def keep_alive(newcomer, person):
    newcomer.shop.wire.close()
    before = newcomer.shop.wire.opened
    for _ in range(30):
        newcomer.agrees(person, "a kept connection answers the same")
    newcomer.report.check(
        newcomer.shop.wire.opened == before + 1, "thirty requests use one connection"
    )


def pipelined_infos(newcomer, first, second):
    """Two requests in one write are answered in their order."""
    answers = newcomer.shop.pipelined(("/api/info", first.token), ("/api/info", second.token))
    newcomer.compare(answers[0], first, "the first pipelined answer is the first person's")
    newcomer.compare(answers[1], second, "the second pipelined answer is the second person's")


def pipelined_purchase(newcomer, person):
    """An info that is pipelined after a purchase shows the purchase."""
    answers = newcomer.shop.pipelined(("/api/buy/pen", person.token), ("/api/info", person.token))
    if newcomer.is_done(answers[0], "a pipelined purchase is done"):
        person.buys("pen")
    newcomer.compare(answers[1], person, "a pipelined info follows the purchase")

CHAPTERS = (
    chapter_connections,
)
