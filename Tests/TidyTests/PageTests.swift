import FoundationEssentials
import Support
import Testing

/// Rules for the page's modules: words in both languages, imports that exist, and what the browser loads first.
@Suite(.tiers(.unit))
struct PageTests {
  private let html = projectRoot + "/nginx/html/"

  /// The text of each module, by its path below `nginx/html`.
  private func modules() throws -> [String: String] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: html + "page").filter { $0.hasSuffix(".js") }
    return Dictionary(uniqueKeysWithValues: try names.map { ("page/" + $0, try read(html + "page/" + $0)) })
  }

  private func keys(of language: String) throws -> Set<String> {
    let names = try FileManager.default.subpathsOfDirectory(atPath: html + "words")
    let files = names.filter { $0 == language + ".js" || $0.hasPrefix(language + "-") }
    let texts = try files.map { try read(html + "words/" + $0) }
    let keys = texts.flatMap { $0.matches(of: #/(?m)^ +"([^"]+)": /#).map { String($0.1) } }
    #expect(keys.count == Set(keys).count, "a key is in \(language) twice")
    return Set(keys)
  }

  /// Forms such as `coins.word.acc` exist only where a language bends its words.
  @Test func `both languages have the same words`() throws {
    let (english, russian) = (try keys(of: "en"), try keys(of: "ru"))
    #expect(english.count > 200)
    #expect(english.subtracting(russian).sorted() == [])
    #expect(russian.subtracting(english).filter { !$0.hasSuffix(".acc") } == [])
  }

  /// A form of a value, such as `{coins:acc}`, counts as the value.
  private func values(of language: String) throws -> [String: Set<String>] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: html + "words")
    let texts = try names.filter { $0 == language + ".js" || $0.hasPrefix(language + "-") }.map {
      try read(html + "words/" + $0)
    }
    let pairs = texts.flatMap { text in
      text.matches(of: #/(?m)^ +"([^"]+)": (.+)$/#).map { line in
        (String(line.1), Set(line.2.matches(of: #/\{(\w+)(?::\w+)?\}/#).map { String($0.1) }))
      }
    }
    return Dictionary(pairs) { first, _ in first }
  }

  /// A sentence without `{word}` would ignore the company's own word for coins in one language only.
  @Test func `a sentence has the same values in both languages`() throws {
    let (english, russian) = (try values(of: "en"), try values(of: "ru"))
    #expect(english.values.contains(["coins", "name"]))
    #expect(english.filter { $0.value != russian[$0.key] }.keys.sorted() == [])
  }

  /// Only what the worker keeps can be shown without a line.
  @Test func `the offline page needs nothing but what the service worker keeps`() throws {
    let needed = try read(html + "offline.html").matches(of: #/(?:rel="stylesheet" href|src)="([^"]+)"/#).map {
      String($0.1)
    }
    let worker = try read(html + "service-worker.js")
    #expect(needed.count > 1)
    #expect(needed.filter { !worker.contains("\"\($0)\"") } == [])
    #expect(try read(html + "offline.js").firstMatch(of: #/\bimport\b/#) == nil)
  }

  @Test func `the page says only words that exist, and every word is said`() throws {
    let english = try keys(of: "en")
    let code = try modules().values.joined()
    let said = code.matches(of: #/\bt\("([^"$]+)"/#).map { String($0.1) }
    #expect(said.filter { !english.contains($0) } == [])
    let stems = code.matches(of: #/`([a-zA-Z]+\.(?:[a-zA-Z]+\.)*)\$\{/#).map { String($0.1) }
    let unsaid = english.filter { key in
      !code.contains("\"\(key)\"") && !stems.contains(where: { key.hasPrefix($0) }) && !key.hasPrefix("coins.word")
    }
    #expect(unsaid.sorted() == [])
  }

  /// Modules that are imported only when a screen is opened stand in `import()`, not at the beginning of a line.
  private func imports(of path: String, in text: String) -> [String] {
    text.matches(of: #/(?m)^import (?:.+ from )?"([^"]+)"/#).map { match in
      let name = String(match.1)
      if name.hasPrefix("/") { return String(name.dropFirst()) }
      var folder = path.split(separator: "/").dropLast().map(String.init)
      for step in name.split(separator: "/") where step != "." {
        if step == ".." { folder.removeLast() } else { folder.append(String(step)) }
      }
      return folder.joined(separator: "/")
    }
  }

  /// The start and the screen that most people see first.
  @Test func `the browser is told at once about every module that the start needs`() throws {
    let modules = try modules()
    var (needed, unread): (Set<String>, [String]) = ([], ["page/app.js", "page/screens/home.js"])
    while let path = unread.popLast() {
      guard needed.insert(path).inserted, let text = modules[path] else { continue }
      unread += imports(of: path, in: text)
    }
    let index = try read(html + "index.html")
    let preloaded = index.matches(of: #/rel="modulepreload" href="/([^"]+)"/#).map { String($0.1) }
    #expect(Set(preloaded) == needed.subtracting(["page/app.js"]))
  }

  /// `page/early.js` chooses a language before any module runs.
  @Test func `the start asks for the words of each language that the page has`() throws {
    let names = try FileManager.default.subpathsOfDirectory(atPath: html + "words").filter { !$0.contains("-") }
    let early = try read(html + "page/early.js")
    #expect(early.contains("modulepreload"))
    #expect(names.filter { !early.contains("\"\($0.dropLast(3))\"") } == [])
  }

  /// The role of the user decides whether the counter's files are loaded.
  @Test func `a colleague's page loads no word and no style of the counter`() throws {
    let modules = try modules().filter { !$0.key.hasPrefix("page/admin/") }
    for (path, text) in modules {
      #expect(
        imports(of: path, in: text).filter { $0.hasPrefix("words/") || $0.hasPrefix("page/admin/") } == [], "\(path)")
    }
    let index = try read(html + "index.html")
    #expect(!index.contains("style/counter.css"))
  }

  @Test func `every module imports files that exist, and every style and drawing of the page exists`() throws {
    for (path, text) in try modules() {
      for name in imports(of: path, in: text) {
        #expect(FileManager.default.fileExists(atPath: html + name), "\(path) imports \(name)")
      }
    }
    for page in ["index.html", "docs.html", "404.html", "503.html", "offline.html", "service-worker.js"] {
      for match in try read(html + page).matches(of: #/"/([a-z]+(?:[a-z0-9/-]*)\.[a-z]+)"/#) {
        #expect(FileManager.default.fileExists(atPath: html + match.1), "\(page) names \(match.1)")
      }
    }
  }

  /// A strict policy forbids them, and the browser would drop them without a word.
  @Test func `no markup has a style, a script or a listener of its own`() throws {
    let pages = ["index.html", "docs.html", "404.html", "503.html", "offline.html"].map { html + $0 }
    let texts = try pages.map { try read($0) } + modules().values
    for text in texts {
      #expect(text.firstMatch(of: #/<style|\sstyle="|\son[a-z]+="|<script>|\.innerHTML = [^t]/#) == nil)
    }
  }
}
