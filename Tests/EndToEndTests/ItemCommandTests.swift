import Postgres
import Support
import Testing

/// `tuckshop item …`, run as a process by the owner of the tables.
@Suite(.tiers(.e2e, .database))
struct ItemCommandTests {
  /// The lines of the catalogue for these codes, without their names.
  private func lines(_ desk: Desk, _ codes: String...) throws -> [String] {
    let all = try desk.run("item", "list").log.split(separator: "\n").map(String.init)
    return all.filter { line in codes.contains { line.hasPrefix($0 + ",") } }
  }

  private func audited(_ desk: Desk) throws -> [String] {
    try TestCluster.connection(database: desk.database).rows(
      "SELECT action || ' by ' || actor FROM audit ORDER BY id"
    ) { try $0.value(0) }
  }

  @Test func `an operator adds an item, and the list shows what the shop sells`() throws {
    try withDesk { desk in
      let mug = try desk.run(
        "item", "add", "--name", "Mug, large", "--price", "30", "--stock", "7", "--limit", "2", "--low-stock-at", "3",
        "--description", "Holds a litre", "--type", "drinkware", "--no-hand-over")
      #expect(mug.status == 0, "\(mug.log)")
      #expect(mug.log == "mug-large,\"Mug, large\",30,7,,active\n")
      #expect(
        try desk.count(
          """
          items WHERE code = 'mug-large' AND description = 'Holds a litre' AND limit_per_person = 2 AND low_stock_at = 3
            AND NOT hand_over
          """) == 1)
      let shirt = try desk.run(
        "item", "add", "--name", "Polo", "--code", "polo", "--price", "none", "--sizes", "s,m", "--stock", "4",
        "--collections", "winter_2025,spring_2025")
      #expect(
        shirt.log
          == "polo,Polo,none,16,winter_2025/s:4 winter_2025/m:4 spring_2025/s:4 spring_2025/m:4,active\n")
      let cap = try desk.run("item", "add", "--name", "Cap", "--price", "5", "--sizes", "l")
      #expect(cap.log == "cap,Cap,5,unlimited,l:unlimited,active\n")
      #expect(try lines(desk, "cap", "cup", "polo").count == 3)
      #expect(try audited(desk).prefix(2) == ["item.create by command line", "item.create by command line"])
    }
  }

  @Test func `a wrong call of add makes nothing and names every mistake`() throws {
    try withDesk { desk in
      let cases: [([String], Int32, String)] = [
        ([], 1, "name: Field required; price: Field required"),
        (["--name", "A", "--price", "x"], 1, "price: Input should be an integer"),
        (["--name", "A", "--price", "0"], 1, "price: Input should be from 1 to 9007199254740991"),
        (["--name", "A", "--price", "1", "--stock", "-1"], 1, "stock: Input should be from 0"),
        (["--name", "A", "--price", "1", "--sizes", "s,huge"], 1, "quality_level: There is no such quality_level"),
        (["--name", "A", "--price", "1", "--sizes", "s,s"], 1, "An earlier row has the same variant"),
        (["--name", "A", "--price", "1", "--code", "cup"], 1, "another item has this code"),
        (["--name", "A", "--price", "1", "--class", "tools", "--type", "cup"], 1, "type: There is no such type"),
        (["--name", "A", "--price", "1", "--colour", "red"], 64, "--colour is not understood"),
      ]
      for (words, status, complaint) in cases {
        let command = try Program(
          Program.built("tuckshop"), ["item", "add"] + words,
          environment: ["PGHOST": TestCluster.host, "PGDATABASE": desk.database, "PGUSER": TestCluster.owner],
          logPath: desk.directory / "log")
        #expect(try command.wait() == status, "\(words)")
        #expect(command.log.contains(complaint), "\(words): \(command.log)")
      }
      #expect(try desk.run("item").status == 64)
      #expect(try desk.run("item", "dance").status == 64)
      #expect(try desk.count("items") == 10)
      #expect(try desk.count("audit") == 0)
    }
  }

  private static let table = """
    code,name,price,stock,collection,quality_level,limit_per_person,low_stock_at,hand_over,description,class,type
    mug,Mug,30,5,,,2,1,no,"Holds tea, or coffee",,
    polo,Polo,90,3,,s,,,,,merch,clothing
    polo,,,unlimited,,m,,,,,,
    polo,,,,winter_2025,m,,,,,,
    cup,,25,,,,,,,,,
    hoody,,,unlimited,,,none,,,,,
    hoody,Hoody,none,9,,xl,,,,,,

    """

  @Test func `an import makes new items and changes the others, one line for each variant`() throws {
    try withDesk { desk in
      let file = try desk.file("items.csv", Self.table)
      let looked = try desk.run("item", "import", file, "--dry-run")
      #expect(looked.status == 0, "\(looked.log)")
      #expect(
        looked.log == """
          make mug
          make polo
          change cup
          change hoody
          2 would be made, 2 would be changed, 0 cannot; nothing was changed

          """)
      #expect(try desk.count("items") == 10)
      #expect(try desk.count("audit") + desk.count("operations") == 0)

      let done = try desk.run("item", "import", file)
      #expect(done.status == 0)
      #expect(done.log == "2 made, 2 changed, 0 cannot\n")
      #expect(
        try lines(desk, "mug", "polo", "cup", "hoody") == [
          "cup,Cup,25,unlimited,,active", "hoody,Hoody,none,unlimited,base:unlimited xl:9,active",
          "mug,Mug,30,5,,active",
          "polo,Polo,90,unlimited,s:3 m:unlimited winter_2025/m:unlimited,active",
        ])
      #expect(
        try desk.count(
          "items WHERE code = 'mug' AND description = 'Holds tea, or coffee' AND limit_per_person = 2 AND NOT hand_over"
        )
          == 1)
      // A second import changes the same items, and an empty field leaves what it names as it is.
      let again = try desk.file("again.csv", "code,stock\nmug,8\ncup,unlimited\n")
      #expect(try desk.run("item", "import", again).log == "0 made, 2 changed, 0 cannot\n")
      #expect(try lines(desk, "mug", "cup") == ["cup,Cup,25,unlimited,,active", "mug,Mug,30,8,,active"])
    }
  }

  private static let bad = """
    code,name,price,stock,quality_level
    mug,Mug,30,5,
    cap,Cap,free,5,
    ,Nothing,1,,
    polo,Polo,90,3,s
    polo,,,x,huge
    shoe,Shoe,40,,
    shoe,Boot,40,,
    hat,,5,,
    cup,Cup
    hoody,,10,1,

    """

  @Test func `wrong lines are named, and then nothing is changed unless the others may go on`() throws {
    try withDesk { desk in
      _ = try desk.run("item", "import", try desk.file("sizes.csv", "code,quality_level\nhoody,s\n"))
      let before = (try desk.count("items"), try desk.count("audit"))
      let file = try desk.file("items.csv", Self.bad)
      let words = [
        "line 3: price: Input should be an integer", "line 4: the code is empty",
        "line 6: quality_level: There is no such quality_level", "line 6: stock: Input should be an integer",
        "line 8: name: line 7 has another", "line 8: shoe is on line 7 already", "line 9: name: Field required",
        "line 10: 2 fields, not 5", "line 11: the item is sold in its variants only",
      ]
      for flags in [[], ["--dry-run"]] {
        let refused =
          flags.isEmpty ? try desk.run("item", "import", file) : try desk.run("item", "import", flags[0], file)
        #expect(refused.status == 1)
        for word in words { #expect(refused.log.contains("tuckshop: \(file), \(word)"), "\(word): \(refused.log)") }
        #expect(refused.log.hasSuffix("1 would be made, 0 would be changed, 7 cannot; nothing was changed\n"))
        #expect(before == (try desk.count("items"), try desk.count("audit")))
      }
      let rest = try desk.run("item", "import", file, "--continue")
      #expect(rest.status == 1)
      #expect(rest.log.hasSuffix("1 made, 0 changed, 7 cannot\n"))
      #expect(try desk.count("items") == before.0 + 1)
      #expect(
        try lines(desk, "mug", "hoody") == ["hoody,Hoody,300,unlimited,s:unlimited,active", "mug,Mug,30,5,,active"])
    }
  }

  @Test func `a file that is not a table of items is refused`() throws {
    try withDesk { desk in
      for (text, words) in [
        ("", "the first line must name the column code"), ("name\nMug\n", "the first line must name the column code"),
        ("code,code\n", "the first line must name"), ("code,colour\n", "the first line must name"),
        ("code\na\"b\n", "line 2: a quote"),
      ] {
        let refused = try desk.run("item", "import", try desk.file("bad.csv", text))
        #expect(refused.status == 1 && refused.log.contains(words), "\(refused.log)")
      }
      #expect(try desk.run("item", "import", "/nowhere").log == "tuckshop: /nowhere cannot be read\n")
      #expect(try desk.run("item", "import").status == 64)
    }
  }

  @Test func `a catalogue of hundreds comes in at once`() throws {
    try withDesk { desk in
      let rows = (1...300).flatMap { number in
        ["s", "m", "l"].map { "shirt-\(number),Shirt \(number),\(number),\(number),\($0)" }
      }
      let file = try desk.file(
        "many.csv", "code,name,price,stock,quality_level\n" + rows.joined(separator: "\n") + "\n")
      #expect(try desk.run("item", "import", file).log == "300 made, 0 changed, 0 cannot\n")
      #expect(try desk.count("assets WHERE sale = 'listed' AND stock_limited") == 900)
      #expect(try lines(desk, "shirt-300") == ["shirt-300,Shirt 300,300,900,s:300 m:300 l:300,active"])
    }
  }
}
