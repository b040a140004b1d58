internal import Support

/// The requests that every peer gets before the measurement. A is the first person, B the second.
private struct Question {
  let method: String
  let path: String
  var body = ""
  var bearer = Bearer.a
  let status: Int

  enum Bearer {
    case a, b, forged, expired, none
  }

  static func info(_ bearer: Bearer, _ status: Int = 200) -> Question {
    Question(method: "GET", path: "/api/info", bearer: bearer, status: status)
  }

  static func buy(_ item: String, _ status: Int) -> Question {
    Question(method: "GET", path: "/api/buy/" + item, status: status)
  }

  static func send(_ body: String, _ status: Int) -> Question {
    Question(method: "POST", path: "/api/sendCoin", body: body, status: status)
  }
}

extension Peers {
  /// Asks all peers the same questions. They began with the same history, so they must give the same answers, byte for
  /// byte; the sentences of refusals may differ.
  func check(_ options: Options) throws {
    let ours = try tokens(of: options) { loadedUser($0) }
    let theirs = try tokens(of: options) { "\($0)" }
    let questions: [Question] =
      [
        .info(.a), .send(#"{"toUser":"\#(ours.b.name)","amount":3}"#, 200), .buy("pen", 200), .buy("pen", 200),
        .info(.a), .info(.b),
        .info(.none, 401), .info(.forged, 401), .info(.expired, 401),
        .send(#"{"toUser":"\#(ours.a.name)","amount":1}"#, 400), .send(#"{"toUser":"nobody","amount":1}"#, 400),
        .send(#"{"toUser":"\#(ours.b.name)","amount":1000000}"#, 400),
        .send(#"{"toUser":"\#(ours.b.name)"}"#, 400), .send(#"{"amount":1}"#, 400),
        .send(#"{"toUser":"","amount":1}"#, 400),
        .send(#"{"toUser":7,"amount":1}"#, 400), .send(#"{"toUser":"\#(ours.b.name)","amount":1"#, 400),
        .send("", 400), .buy("nothing", 400), .info(.a), .info(.b),
      ]
      + ["0", "-1", "1.5", "\"5\"", "9300000000000000000"].map {
        .send(#"{"toUser":"\#(ours.b.name)","amount":\#($0)}"#, 400)
      }
    var expected: [String] = []
    for peer in [Peer.tuckshop, .c, .go, .bareGo] {
      let tokens = peer == .tuckshop ? ours : theirs
      try eventually("\(peer.title) answers") { try ask(.info(.a), peer, tokens).status == 200 }
      let answers = try questions.map { question in
        let answer = try ask(question, peer, tokens)
        guard answer.status == question.status, answer.status == 200 || answer.body.hasPrefix(#"{"errors":""#) else {
          throw Failure(
            "\(peer.title) answers \(question.method) \(question.path) \(question.body) as \(question.bearer) with "
              + "\(answer.status) \(answer.body), not with \(question.status)")
        }
        return answer.status == 200 ? answer.body : ""
      }
      if expected.isEmpty { expected = answers }
      guard answers == expected else {
        throw Failure("\(peer.title) does not answer as Tuckshop does:\n\(answers)\n\(expected)")
      }
    }
    guard try coins(expected[0]) - coins(expected[4]) == 3 + 2 * 10, expected[4] != expected[0] else {
      throw Failure("three coins and two pens are not 23 coins: \(expected[0]), \(expected[4])")
    }
  }

  private typealias Tokens = (a: (name: String, token: String), b: (name: String, token: String), expired: String)

  private func tokens(of options: Options, subject: (Int) -> String) throws -> Tokens {
    let two = try site.tokens(of: options.people, most: 2, subject: subject)
    return (two[0], two[1], try site.tokens(of: 1, lastingSeconds: -3600, subject: subject)[0].token)
  }

  private func ask(_ question: Question, _ peer: Peer, _ tokens: Tokens) throws -> HTTPAnswer {
    let token: String? =
      switch question.bearer {
      case .a: tokens.a.token
      case .b: tokens.b.token
      // The signature of another person's token.
      case .forged:
        tokens.a.token.split(separator: ".").dropLast().joined(separator: ".") + "."
          + (tokens.b.token.split(separator: ".").last ?? "")
      case .expired: tokens.expired
      case .none: nil
      }
    return try HTTPAnswer.asking(
      port(of: peer), question.method, question.path, headers: token.map { [("Authorization", "Bearer " + $0)] } ?? [],
      body: question.body)
  }

  private func coins(_ info: String) throws -> Int {
    guard let coins = info.firstMatch(of: /"coins":([0-9]+)/).flatMap({ Int($0.1) }) else {
      throw Failure("there are no coins in \(info)")
    }
    return coins
  }
}
