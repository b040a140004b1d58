import Shop
import Support
import Testing

@Suite(.tiers(.unit, .security))
struct PictureTests {
  @Test(arguments: [
    (Sample.png, Picture.Format.png), (Sample.jpeg, .jpg), (Sample.jpeg(width: 7, height: 9, frame: 0xC2), .jpg),
    (Sample.jpeg(width: 1, height: 1, before: [0xFF, 0xFF]), .jpg),
    (Sample.jpeg(width: 1, height: 1, before: Sample.segment(0xC4, [0, 0])), .jpg), (Sample.webp, .webp),
    (Sample.lossless(width: 3, height: 4), .webp), (Sample.extended(width: 3, height: 4), .webp),
    (Sample.png(width: 1, height: 1, extra: Sample.chunk("tEXt", Array("Title\0A cup".utf8))), .png),
  ])
  func `the format of a picture is recognised by its bytes`(bytes: [UInt8], format: Picture.Format) throws {
    let picture = try Picture(bytes)
    #expect(picture.format == format)
    #expect(picture.bytes == bytes)
  }

  @Test(arguments: [Sample.png, Sample.jpeg, Sample.lossless(width: 2, height: 2), Sample.webp])
  func `a picture cut at any byte is refused`(bytes: [UInt8]) {
    for count in bytes.indices {
      #expect(throws: PictureRefusal.unknownFormat, "\(count)") { try Picture(Array(bytes.prefix(count))) }
    }
  }

  @Test(arguments: [Sample.png, Sample.webp, Sample.lossless(width: 2, height: 2)])
  func `a picture with bytes after its end is refused`(bytes: [UInt8]) {
    for tail in ["\n", "<script>alert(1)</script>", "%PDF-1.4", "PK\u{3}\u{4}", "\0\0\0\0IEND\0\0\0\0"] {
      #expect(throws: PictureRefusal.unknownFormat, "\(tail)") { try Picture(bytes + Array(tail.utf8)) }
    }
  }

  static let strangers: [String] = [
    "", "\u{0}", "GIF89a\u{1}\u{0}\u{1}\u{0}", "<svg xmlns='http://www.w3.org/2000/svg'/>", "%PDF-1.7", "BM",
    "<!DOCTYPE html><script>alert(1)</script>", "RIFF\u{4}\u{0}\u{0}\u{0}WAVE", "\u{0}\u{0}\u{0} ftypavif", "{}",
  ]

  @Test(arguments: strangers) func `a file of another format is refused`(text: String) {
    #expect(throws: PictureRefusal.unknownFormat) { try Picture(Array(text.utf8)) }
    // A picture after it, or inside it, does not make it one.
    guard !text.isEmpty else { return }
    #expect(throws: PictureRefusal.unknownFormat) { try Picture(Array(text.utf8) + Sample.png) }
    #expect(throws: PictureRefusal.unknownFormat) {
      try Picture(Sample.png.prefix(8) + Array(text.utf8) + Sample.png.suffix(12))
    }
  }

  @Test func `a picture with one changed byte in its frame is refused`() {
    for (bytes, places) in [
      (Sample.png, Array(0..<16) + [33, 34, 35, 36]), (Sample.webp, [0, 3, 4, 7, 8, 12, 14, 23]),
      (Sample.jpeg, [0, 1, 2]),
    ] {
      for place in places {
        var spoilt = bytes
        spoilt[place] ^= 0x55
        #expect(throws: PictureRefusal.unknownFormat, "\(place) of \(bytes)") { try Picture(spoilt) }
      }
    }
  }

  @Test(arguments: [(8193, 1), (1, 8193), (0, 1), (1, 0), (65_535, 65_535)])
  func `a small file cannot unpack into gigabytes`(width: Int, height: Int) {
    #expect(throws: PictureRefusal.tooManyPixels) { try Picture(Sample.png(width: width, height: height)) }
    #expect(throws: PictureRefusal.tooManyPixels) { try Picture(Sample.jpeg(width: width, height: height)) }
    guard width > 0, height > 0 else { return }
    #expect(throws: PictureRefusal.tooManyPixels) { try Picture(Sample.extended(width: width, height: height)) }
    guard width < 16_384 else { return }
    #expect(throws: PictureRefusal.tooManyPixels) { try Picture(Sample.lossy(width: width, height: height)) }
    #expect(throws: PictureRefusal.tooManyPixels) { try Picture(Sample.lossless(width: width, height: height)) }
  }

  @Test func `numbers at the limit of their width are read correctly`() {
    for size in [1 << 31, 1 << 32 - 1, 0x7FFF_FFFF] {
      #expect(throws: PictureRefusal.tooManyPixels) { try Picture(Sample.png(width: size, height: 1)) }
    }
    #expect(throws: PictureRefusal.tooManyPixels) { try Picture(Sample.extended(width: 1 << 24, height: 1 << 24)) }
    #expect(throws: Never.self) { try Picture(Sample.png(width: 8192, height: 1)) }
  }

  @Test func `the size of a preview inside a JPEG does not count`() {
    let preview = Sample.segment(0xE1, Sample.jpeg(width: 10, height: 10))
    #expect(throws: PictureRefusal.tooManyPixels) {
      try Picture(Sample.jpeg(width: 60_000, height: 60_000, before: preview))
    }
  }

  @Test func `a picture may have two megabytes and no more`() {
    let rest = Picture.mostBytes - Sample.png.count - 12
    let largest = Sample.png(width: 1, height: 1, extra: Sample.chunk("tEXt", Array(repeating: 65, count: rest)))
    #expect(largest.count == Picture.mostBytes)
    #expect(throws: Never.self) { try Picture(largest) }
    #expect(throws: PictureRefusal.tooLarge) { try Picture(largest + [0]) }
  }

  @Test func `random bytes do no harm`() {
    var noise = Seeded(7)
    for sample in [Sample.png, Sample.jpeg, Sample.webp, Sample.lossless(width: 9, height: 9)] {
      for _ in 0..<2000 {
        var bytes = sample
        for _ in 0..<Int.random(in: 1...4, using: &noise) {
          bytes[Int.random(in: bytes.indices, using: &noise)] = .random(in: 0...255, using: &noise)
        }
        bytes.removeLast(Int.random(in: 0...3, using: &noise))
        guard let picture = try? Picture(bytes) else { continue }
        #expect(picture.bytes == bytes)
      }
    }
  }
}
