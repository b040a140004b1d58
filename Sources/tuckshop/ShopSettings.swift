internal import API
internal import FoundationEssentials
internal import Identity
internal import Ledger
internal import Shop

extension Environment {
  func storefront() throws -> Storefront {
    let storefront = Storefront(
      pictures: PictureStore(directory: text(.mediaDirectory)),
      requiresCondition: try choice(.requireIfMatch, of: Switch.self) == .on)
    storefront.undoSeconds = try integer(.undoSeconds, in: 0...86_400)
    storefront.hasLeaderboard = try choice(.leaderboard, of: Switch.self) == .on
    return storefront
  }

  /// Lets people in, each with the coins a newcomer gets.
  func registrar() throws -> Registrar {
    let coins = try integer(.welcomeCoins, in: 0...1_000_000_000)
    return Registrar(welcome: { user, connection in
      guard coins > 0 else { return }
      let intent = Intent(id: .timeOrdered(), owner: user, key: welcomeKey, requestID: nil)
      _ = try Grant(amount: coins, reason: "welcome").make(intent, on: connection)
    })
  }
}

/// Nobody is welcomed twice.
let welcomeKey = UUID(uuidString: "77656c63-6f6d-8500-8000-000000000000")!
