internal import Identity
internal import Notation
internal import Postgres

/// The requests of a load test as Yandex.Tank's phantom reads them: for each its length and a word, then the request
/// itself. Of a hundred, 76 ask for `/api/info`, ten send a coin and fourteen buy something cheap.
struct LoadRequests {
  let users: [User]
  let host: String
  let token: (User) -> String

  static let perUser = 10
  private static let items = ["pen", "socks"]

  var text: [UInt8] {
    let tokens = users.map(token)
    var text: [UInt8] = []
    for number in 0..<users.count * Self.perUser {
      // Neither people nor kinds come in rows, and each round gives the kinds to other people.
      let index = (number + number / users.count) * 7919 % users.count
      let (tag, request) = request(number * 37 % 100, from: index, tokens[index])
      text += Array("\(request.count) \(tag)\n".utf8) + request + Array("\n".utf8)
    }
    return text
  }

  private func request(_ share: Int, from index: Int, _ token: String) -> (tag: String, bytes: [UInt8]) {
    switch share {
    case ..<76: return ("info", request("GET /api/info", token))
    case ..<86:
      let body: JSON = ["toUser": .string(users[(index + 1) % users.count].username), "amount": .integer(1)]
      return ("send", request("POST /api/sendCoin", token, body.bytes))
    default: return ("buy", request("GET /api/buy/\(Self.items[share % Self.items.count])", token))
    }
  }

  private func request(_ line: String, _ token: String, _ body: [UInt8] = []) -> [UInt8] {
    var lines = ["\(line) HTTP/1.1", "Host: \(host)", "Authorization: Bearer \(token)", "Connection: keep-alive"]
    if !body.isEmpty { lines += ["Content-Type: application/json", "Content-Length: \(body.count)"] }
    return Array((lines + ["", ""]).joined(separator: "\r\n").utf8) + body
  }
}
