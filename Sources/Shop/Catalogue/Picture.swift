/// A picture whose format follows from its bytes, not from its name.
package struct Picture: Sendable {
  package enum Format: String, Sendable {
    case png, jpg, webp
  }

  package let format: Format
  package let bytes: [UInt8]

  package static let mostBytes = 2 << 20
  /// A small file can unfold into gigabytes of pixels in each visitor's browser.
  private static let mostPixelsAcross = 8192

  package init(_ bytes: [UInt8]) throws(PictureRefusal) {
    guard bytes.count <= Self.mostBytes else { throw .tooLarge }
    let found =
      Self.png(bytes).map { (Format.png, $0) } ?? Self.jpeg(bytes).map { (.jpg, $0) }
      ?? Self.webp(bytes).map { (.webp, $0) }
    guard let (format, size) = found else { throw .unknownFormat }
    guard (1...Self.mostPixelsAcross).contains(size.width), (1...Self.mostPixelsAcross).contains(size.height)
    else { throw .tooManyPixels }
    self.format = format
    self.bytes = bytes
  }

  private typealias Size = (width: Int, height: Int)

  /// Signature, the header chunk, others, and the end chunk exactly at the end of the file: other programs could read a
  /// file appended to the picture as something else.
  private static func png(_ bytes: [UInt8]) -> Size? {
    guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]), bytes.count >= 45,
      big(bytes[8..<12]) == 13, bytes[12..<16].elementsEqual("IHDR".utf8)
    else { return nil }
    var place = 33
    while place + 12 <= bytes.count {
      let next = place + 12 + big(bytes[place..<(place + 4)])
      if bytes[(place + 4)..<(place + 8)].elementsEqual("IEND".utf8) {
        return next == bytes.count ? (big(bytes[16..<20]), big(bytes[20..<24])) : nil
      }
      place = next
    }
    return nil
  }

  /// Walks the segments up to the frame header, which has the size.
  private static func jpeg(_ bytes: [UInt8]) -> Size? {
    guard bytes.starts(with: [0xFF, 0xD8, 0xFF]), bytes.suffix(2).elementsEqual([0xFF, 0xD9]) else { return nil }
    var place = 2
    while place + 9 < bytes.count {
      guard bytes[place] == 0xFF else { return nil }
      let marker = bytes[place + 1]
      // Any number of fill bytes may precede a marker.
      if marker == 0xFF {
        place += 1
        continue
      }
      let length = big(bytes[(place + 2)..<(place + 4)])
      // Every start of frame; the three codes that are excluded mean something else.
      if (0xC0...0xCF).contains(marker), ![0xC4, 0xC8, 0xCC].contains(marker) {
        return (big(bytes[(place + 7)..<(place + 9)]), big(bytes[(place + 5)..<(place + 7)]))
      }
      guard length >= 2 else { return nil }
      place += 2 + length
    }
    return nil
  }

  /// A RIFF container of exactly this length, with one of the three kinds of first chunk.
  private static func webp(_ bytes: [UInt8]) -> Size? {
    guard bytes.count >= 30, bytes.starts(with: "RIFF".utf8), bytes[8..<12].elementsEqual("WEBP".utf8),
      little(bytes[4..<8]) + 8 == bytes.count
    else { return nil }
    switch bytes[12..<16] {
    case let kind where kind.elementsEqual("VP8 ".utf8):
      guard bytes[23..<26].elementsEqual([0x9D, 0x01, 0x2A]) else { return nil }
      return (little(bytes[26..<28]) & 0x3FFF, little(bytes[28..<30]) & 0x3FFF)
    case let kind where kind.elementsEqual("VP8L".utf8):
      guard bytes[20] == 0x2F else { return nil }
      let bits = little(bytes[21..<25])
      return ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    case let kind where kind.elementsEqual("VP8X".utf8):
      return (little(bytes[24..<27]) + 1, little(bytes[27..<30]) + 1)
    default: return nil
    }
  }

  private static func big(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
  private static func little(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }
}

package enum PictureRefusal: Error, Sendable {
  case tooLarge, unknownFormat, tooManyPixels
}
