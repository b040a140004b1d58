package import Postgres

/// Settings that the database holds for all workers. Only the owner of the tables may write them: a worker that could
/// choose how many coins a new user gets could mint coins.
package struct HouseRules: Sendable, Equatable {
  package let welcomeCoins: Int
  /// Whether any Telegram user may do what a service may. Only for load tests.
  package let believesTelegramIDs: Bool

  package init(welcomeCoins: Int, believesTelegramIDs: Bool) {
    self.welcomeCoins = welcomeCoins
    self.believesTelegramIDs = believesTelegramIDs
  }

  /// True if this changed anything.
  package func settle(on connection: borrowing Connection) throws -> Bool {
    try connection.run(
      """
      UPDATE settings SET welcome_coins = \(welcomeCoins), believes_telegram_ids = \(believesTelegramIDs)
      WHERE (welcome_coins, believes_telegram_ids) <> (\(welcomeCoins), \(believesTelegramIDs))
      """) > 0
  }
}
