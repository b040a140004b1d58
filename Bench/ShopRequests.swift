/// An item that everybody can pay for many times, even after buying the dearest ones: a refusal would be an error here.
let goods = ["cup", "pen", "socks"]

/// The requests of people in a shop, as Lua for wrk and as the statements of Sources/Ledger for pgbench.
package enum ShopRequest: String, CaseIterable {
  case info, send, buy

  /// The proportions of a shop, in per cent.
  package var share: Int {
    switch self {
    case .info: 77
    case .send: 10
    case .buy: 13
    }
  }

  /// Without pauses wrk sends a request as soon as the last one is answered.
  func script(tokens: String) -> String { Self.words(tokens) + "request = \(rawValue)\n" }

  /// All requests in the proportions of a shop.
  static func mixed(tokens: String) -> String { words(tokens) + mixture }

  /// With these pauses, 64 connections make a thousand requests a second.
  static let pauses = "delay = function() return math.random(31, 93) end\n"

  package static var mixture: String {
    """
    request = function()
      local roll = math.random(100)
      if roll <= \(Self.info.share) then return info() end
      if roll <= \(Self.info.share + Self.send.share) then return send() end
      return buy()
    end

    """
  }

  private static func words(_ tokens: String) -> String {
    """
    local lines = {}
    for line in io.lines("\(tokens)") do lines[#lines + 1] = line end
    local goods = { \(goods.map { "\"\($0)\"" }.joined(separator: ", ")) }
    local threads = 0
    function setup(thread)
      threads = threads + 1
      thread:set("number", threads)
    end
    function init() math.randomseed(os.time() * 10 + number) end
    local function someone()
      local line = lines[math.random(#lines)]
      local blank = line:find(" ", 1, true)
      return line:sub(1, blank - 1), { Authorization = "Bearer " .. line:sub(blank + 1) }
    end
    local function info()
      local _, header = someone()
      return wrk.format("GET", "/api/info", header)
    end
    local function buy()
      local _, header = someone()
      return wrk.format("GET", "/api/buy/" .. goods[math.random(#goods)], header)
    end
    local function send()
      local from, header = someone()
      local to = someone()
      while to == from do to = someone() end
      return wrk.format("POST", "/api/sendCoin", header, '{"toUser":"' .. to .. '","amount":1}')
    end

    """
  }

  func statement(people: Int) -> String {
    // In pgbench a colon before a name is a variable.
    let at = #"to_char(at AT TIME ZONE 'UTC', E'YYYY-MM-DD"T"HH24\x3aMI\x3aSS.US"Z"')"#
    let owner = "('10ad0000-0000-8000-8000-' || lpad(to_hex(:a::bigint), 12, '0'))::uuid"
    // In the order of time, like the workers' ids.
    let id =
      "(lpad(to_hex(:base::bigint + :n::bigint), 12, '0') || '70008' "
      + "|| lpad(to_hex(:client_id::int), 11, '0') || '0000')::uuid"
    let trace = "'0123456789abcdef0123456789abcdef'"
    return switch self {
    case .info:
      """
      \\set a random(1, \(people))
      SELECT balance, goods, received, sent FROM info(\(owner));
      """
    case .send:
      """
      \\set n :n + 1
      \\set a random(1, \(people))
      \\set b 1 + (:a + random(0, \(people) - 2)) % \(people)
      SELECT outcome, available, operation, \(at), balance, replayed
      FROM transfer(\(id), \(owner), NULL, \(trace), 'load' || lpad(:b::text, 6, '0'), 1, NULL);
      """
    case .buy:
      """
      \\set n :n + 1
      \\set a random(1, \(people))
      \\set b random(1, \(goods.count))
      SELECT outcome, available, operation, \(at), price, balance, replayed
      FROM purchase(\(id), \(owner), NULL, \(trace),
                    (string_to_array('\(goods.joined(separator: " "))', ' '))[:b::int], 1, NULL, NULL);
      """
    }
  }
}
