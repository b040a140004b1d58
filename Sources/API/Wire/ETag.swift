internal import HTTP
internal import Postgres
internal import Shop
internal import Tokens

/// Conditional requests (RFC 9110, section 13).
extension Response {
  /// Adds the tag of the body. 304 without the body if the client has it already.
  func tagged(for request: Request, cacheControl: String = "no-cache") -> Response {
    let tag = ETag(of: body)
    let answer = with("ETag", tag.text).with("Cache-Control", cacheControl)
    guard let known = request.headers["If-None-Match"], tag.isAmong(known) else { return answer }
    return Response(304, headers: answer.headers.filter { $0.name != "Content-Type" })
  }
}

struct ETag {
  /// 24 hexadecimal digits.
  let digest: String
  var text: String { "\"\(digest)\"" }

  init(of content: [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    digest = String(
      decoding: Digest.sha256(content).prefix(12).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
      as: UTF8.self)
  }

  /// A weak comparison: nginx weakens a tag when it compresses the answer, and the content is still the same.
  func isAmong(_ list: String) -> Bool {
    // By bytes: comparing characters normalises them, and the client chooses the list.
    let text = text
    return list.utf8.split(separator: UInt8(ascii: ",")).contains { candidate in
      let tag = candidate.trimmed
      return tag.elementsEqual("*".utf8) || tag.elementsEqual(text.utf8)
        || tag.starts(with: "W/".utf8) && tag.dropFirst(2).elementsEqual(text.utf8)
    }
  }
}

extension Substring.UTF8View {
  /// Without the blanks that RFC 9110 allows around the members of a list.
  fileprivate var trimmed: Self {
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    let rest = drop(while: isBlank)
    return rest.lastIndex { !isBlank($0) }.map { rest[...$0] } ?? rest
  }
}

extension Request {
  /// If-Match: the client has seen the item that it is about to change.
  func condition(isRequired: Bool) throws(ShapeError) -> Catalogue.Condition {
    guard let expected = try headers.readable("If-Match") else { return isRequired ? .missing : .none }
    return .matches { ETag(of: $0.bytes).isAmong(expected) }
  }
}
