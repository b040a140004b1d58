internal import HTTP
internal import Identity
internal import Shop
internal import Tokens

/// Conditional requests (RFC 9110, section 13): what a client already has, and what it believes it changes.
extension Response {
  /// With a tag of its own content; 304 without it if the client has just that.
  func tagged(for request: Request) -> Response {
    let tag = ETag(of: body)
    let answer = with("ETag", tag.text).with("Cache-Control", "no-cache")
    guard let known = request.headers["If-None-Match"], tag.isAmong(known) else { return answer }
    return Response(304, headers: answer.headers.filter { $0.name != "Content-Type" })
  }
}

struct ETag {
  let text: String

  init(of content: [UInt8]) {
    let digits = Array("0123456789abcdef")
    text = "\"" + Digest.sha256(content).prefix(12).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] } + "\""
  }

  /// Weakly compared: nginx weakens a tag when it compresses the answer, and the content is still the same.
  func isAmong(_ list: String) -> Bool {
    // By bytes: whatever takes a text for characters normalises it, and the list is the client's.
    list.utf8.split(separator: UInt8(ascii: ",")).contains { candidate in
      let tag = candidate.trimmed
      return tag.elementsEqual("*".utf8) || tag.elementsEqual(text.utf8)
        || tag.starts(with: "W/".utf8) && tag.dropFirst(2).elementsEqual(text.utf8)
    }
  }
}

extension Substring.UTF8View {
  /// Without what RFC 9110 lets stand around the members of a list.
  fileprivate var trimmed: Self {
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    let rest = drop(while: isBlank)
    return rest.lastIndex { !isBlank($0) }.map { rest[...$0] } ?? rest
  }
}

extension Context {
  /// Whether the caller has seen what it is about to change.
  func condition(_ tag: ETag, _ request: Request) throws {
    guard let expected = try request.headers.readable("If-Match") else {
      if storefront.requiresCondition { throw CatalogueRefusal.conditionMissing }
      return
    }
    guard tag.isAmong(expected) else { throw CatalogueRefusal.changedMeanwhile }
  }
}
