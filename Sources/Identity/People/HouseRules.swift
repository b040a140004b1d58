package import Postgres

/// What is settled for all workers by the owner of the tables, who alone may write it: a worker that could choose how
/// many coins a newcomer gets could mint.
package struct HouseRules: Sendable, Equatable {
  package let welcomeCoins: Int
  /// Whether everybody with a Telegram id may do what a service may. For load tests alone.
  package let believesTelegramIDs: Bool

  package init(welcomeCoins: Int, believesTelegramIDs: Bool) {
    self.welcomeCoins = welcomeCoins
    self.believesTelegramIDs = believesTelegramIDs
  }

  /// Whether anything was different until now.
  package func settle(on connection: borrowing Connection) throws -> Bool {
    try connection.run(
      """
      UPDATE settings SET welcome_coins = \(welcomeCoins), believes_telegram_ids = \(believesTelegramIDs)
      WHERE (welcome_coins, believes_telegram_ids) <> (\(welcomeCoins), \(believesTelegramIDs))
      """) > 0
  }
}
