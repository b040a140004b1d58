package import Shop

/// The dependencies of the handlers about the catalogue, one set per worker.
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
