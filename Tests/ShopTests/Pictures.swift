/// Pictures built from their parts, so that a test can damage each of them.
enum Sample {
  /// One transparent pixel, as any drawing program writes it.
  static let png: [UInt8] = png(width: 1, height: 1)

  static func png(width: Int, height: Int, extra: [UInt8] = []) -> [UInt8] {
    let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    let header = chunk("IHDR", big(width, 4) + big(height, 4) + [8, 6, 0, 0, 0])
    return signature + header + extra + chunk("IDAT", [0x78, 0x9C, 0x63, 0, 1]) + chunk("IEND", [])
  }

  static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    big(content.count, 4) + Array(name.utf8) + content + [0, 0, 0, 0]
  }

  static let jpeg: [UInt8] = jpeg(width: 1, height: 1)

  /// `frame` is the marker of the frame header: 0xC0 is baseline, 0xC2 progressive.
  static func jpeg(width: Int, height: Int, frame: UInt8 = 0xC0, before: [UInt8] = [], after: [UInt8] = []) -> [UInt8] {
    let application = segment(0xE0, Array("JFIF".utf8) + [0, 1, 1, 0, 0, 1, 0, 1, 0, 0])
    let size = segment(frame, [8] + big(height, 2) + big(width, 2) + [1, 1, 0x11, 0])
    let scan = segment(0xDA, [1, 1, 0, 0, 63, 0]) + [0x37, 0xFF, 0x00, 0x12]
    return [0xFF, 0xD8] + application + before + size + after + scan + [0xFF, 0xD9]
  }

  static func segment(_ marker: UInt8, _ content: [UInt8]) -> [UInt8] {
    [0xFF, marker] + big(content.count + 2, 2) + content
  }

  static let webp: [UInt8] = lossy(width: 1, height: 1)

  static func lossy(width: Int, height: Int) -> [UInt8] {
    riff("VP8 ", [0x30, 0x01, 0x00, 0x9D, 0x01, 0x2A] + little(width, 2) + little(height, 2) + [0, 0, 0, 0])
  }

  static func lossless(width: Int, height: Int) -> [UInt8] {
    riff("VP8L", [0x2F] + little(width - 1 | (height - 1) << 14, 4) + [7, 0x10, 0x11, 0x88, 0x88])
  }

  static func extended(width: Int, height: Int) -> [UInt8] {
    riff("VP8X", [0, 0, 0, 0] + little(width - 1, 3) + little(height - 1, 3))
  }

  static func riff(_ kind: String, _ content: [UInt8]) -> [UInt8] {
    let whole = Array("WEBP".utf8) + Array(kind.utf8) + little(content.count, 4) + content
    return Array("RIFF".utf8) + little(whole.count, 4) + whole
  }

  static func big(_ number: Int, _ count: Int) -> [UInt8] { little(number, count).reversed() }

  static func little(_ number: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }
}
