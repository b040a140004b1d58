internal import HTTP
internal import Notation

/// The facts about this shop that its page needs before anybody has signed in.
func describeShop(_ request: Request, _ context: Context) -> Response {
  let storefront = context.storefront
  let branding = storefront.branding
  return Response.json(
    .members([
      "company": .string(branding.company), "coin_name": .string(branding.coinName),
      "accent": branding.accent.map(JSON.string),
      "sign_in": "/api/v1/auth/methods", "undo_seconds": .integer(storefront.undoSeconds),
      "leaderboard": .bool(storefront.hasLeaderboard),
      "amounts": ["least": .integer(1), "most": .integer(largestQuantity)],
    ])
  ).tagged(for: request, cacheControl: "public, max-age=60")
}
