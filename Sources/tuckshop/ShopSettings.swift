internal import API
internal import Identity
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

  /// `migrate up` writes them into the database, where workers find them.
  func houseRules() throws -> HouseRules {
    HouseRules(
      welcomeCoins: try integer(.welcomeCoins, in: 0...1_000_000_000),
      believesTelegramIDs: try choice(.unsafeTelegramLogin, of: Switch.self) == .on)
  }
}
