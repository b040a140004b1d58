// Tokens of the shop, HS256, as a C worker verifies them: with a key that is set up once.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

static EVP_MAC_CTX *keyed;

// Reads the key, in hex in a file; without one every token is refused.
static int read_secret(void) {
  unsigned char secret[32] = {0};
  const char *path = getenv("BENCH_SECRET_FILE");
  FILE *file = path ? fopen(path, "r") : NULL;
  for (size_t i = 0; file && i < sizeof secret; i++) {
    unsigned byte;
    if (fscanf(file, "%2x", &byte) != 1) break;
    secret[i] = (unsigned char)byte;
  }
  if (file) fclose(file);
  const OSSL_PARAM digest[] = {OSSL_PARAM_construct_utf8_string("digest", "SHA256", 0), OSSL_PARAM_construct_end()};
  keyed = EVP_MAC_CTX_new(EVP_MAC_fetch(NULL, "HMAC", NULL));
  return keyed && EVP_MAC_init(keyed, secret, sizeof secret, digest);
}

// Decodes base64url into out, which has room for capacity bytes and a NUL; the number of bytes, or -1.
static int decode(const char *text, size_t length, unsigned char *out, size_t capacity) {
  char padded[4096];
  if (length + 4 > sizeof padded || (length + 3) / 4 * 3 > capacity) return -1;
  for (size_t i = 0; i < length; i++) padded[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
  size_t end = length;
  while (end % 4) padded[end++] = '=';
  const int decoded = EVP_DecodeBlock(out, (const unsigned char *)padded, (int)end);
  if (decoded < 0) return -1;
  out[decoded - (int)(end - length)] = 0;
  return decoded - (int)(end - length);
}

static int is_signed(const char *token, size_t length, const char *signature) {
  unsigned char ours[EVP_MAX_MD_SIZE], theirs[64];
  size_t size;
  // Without a key, EVP_MAC_init takes the last one again.
  if (!EVP_MAC_init(keyed, NULL, 0, NULL) || !EVP_MAC_update(keyed, (const unsigned char *)token, length) ||
      !EVP_MAC_final(keyed, ours, &size, sizeof ours))
    return 0;
  return decode(signature, strlen(signature), theirs, sizeof theirs - 1) == (int)size &&
         CRYPTO_memcmp(ours, theirs, size) == 0;
}

// Copies the subject of a token, if our key signed it and it has not expired.
static int caller(const char *header, char id[64]) {
  static const char scheme[] = "Bearer ";
  unsigned char payload[2048];
  if (!header || strncmp(header, scheme, sizeof scheme - 1) != 0) return 0;
  const char *token = header + sizeof scheme - 1, *first = strchr(token, '.');
  const char *second = first ? strchr(first + 1, '.') : NULL;
  if (!second || !is_signed(token, (size_t)(second - token), second + 1)) return 0;
  if (decode(first + 1, (size_t)(second - first - 1), payload, sizeof payload - 1) < 0) return 0;
  const char *subject = strstr((char *)payload, "\"sub\":\""), *expiry = strstr((char *)payload, "\"exp\":");
  if (!subject || !expiry || strtol(expiry + 6, NULL, 10) < time(NULL)) return 0;
  const size_t length = strcspn(subject + 7, "\"");
  if (length >= 64) return 0;
  memcpy(id, subject + 7, length);
  id[length] = 0;
  return 1;
}
