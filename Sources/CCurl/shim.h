#include <curl/curl.h>
#include <openssl/err.h>

// curl_easy_setopt takes any type of argument, and Swift calls no such function: one function for each type.
static inline CURLcode ccurl_set_number(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_text(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
  return curl_easy_setopt(handle, option, value);
}

typedef size_t (*ccurl_taker)(char *bytes, size_t size, size_t count, void *context);

// The taker gets the bytes that arrive, and ends the call by taking less than it was given.
static inline CURLcode ccurl_set_taker(CURL *handle, CURLoption function, CURLoption context, ccurl_taker taker,
                                       void *value) {
  CURLcode code = curl_easy_setopt(handle, function, taker);
  return code == CURLE_OK ? curl_easy_setopt(handle, context, value) : code;
}

static inline long ccurl_status(CURL *handle) {
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return status;
}
