import FoundationEssentials
import Glibc
import Shop
import Support
import Testing

@Suite(.tiers(.integration))
struct PictureStoreTests {
  private func names(in directory: TemporaryDirectory) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
  }

  @Test func `a picture is written whole, under a fixed name, readable by nginx`() throws {
    let directory = try TemporaryDirectory()
    let store = PictureStore(directory: directory.path)
    for (bytes, name) in [(Sample.png, "aa.png"), (Sample.jpeg, "bb.jpg"), (Sample.webp, "cc.webp")] {
      let picture = try Picture(bytes)
      try store.keep(picture, as: String(name.prefix(2)))
      #expect(FileManager.default.contents(atPath: directory / name).map(Array.init) == bytes)
      var status = stat()
      #expect(stat(directory / name, &status) == 0)
      #expect(status.st_mode & 0o444 == 0o444)
    }
    #expect(try names(in: directory) == ["aa.png", "bb.jpg", "cc.webp"])
  }

  @Test func `an existing picture is not written again`() throws {
    let directory = try TemporaryDirectory()
    try directory.write("aa.png", "first")
    try PictureStore(directory: directory.path).keep(Picture(Sample.png), as: "aa")
    #expect(try read(directory / "aa.png") == "first")
  }

  @Test func `concurrent uploads leave one picture and nothing else`() throws {
    let directory = try TemporaryDirectory()
    let store = PictureStore(directory: directory.path)
    _ = try onThreads(8) { _ in try store.keep(Picture(Sample.jpeg), as: "aa") }
    #expect(try names(in: directory) == ["aa.jpg"])
    #expect(FileManager.default.contents(atPath: directory / "aa.jpg").map(Array.init) == Sample.jpeg)
  }

  @Test func `a full disk is reported`() throws {
    let directory = try TemporaryDirectory()
    let store = PictureStore(directory: directory / "nowhere")
    #expect(throws: StoreError.self) { try store.keep(Picture(Sample.png), as: "aa") }
    #expect(try names(in: directory) == [])
  }
}
