// The older functions of SHA-256 work on a plain value, which a keyed digest copies instead of setting it up anew.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <argon2.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
