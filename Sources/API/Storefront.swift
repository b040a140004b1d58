package import Shop

/// What the handlers about the catalogue need, put together once for each worker.
package final class Storefront {
  package let classifiers = Classifiers()
  package let pictures: PictureStore
  package let requiresCondition: Bool
  package var undoSeconds = 60
  package var hasLeaderboard = false

  package init(pictures: PictureStore, requiresCondition: Bool) {
    self.pictures = pictures
    self.requiresCondition = requiresCondition
  }
}
