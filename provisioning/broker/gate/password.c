/* A key against its hash: PBKDF2-SHA512 in Mosquitto's own format, `$7$rounds$salt$key`. OpenSSL is the broker's. */
#include "gate.h"

#include <stdlib.h>
#include <string.h>

int PKCS5_PBKDF2_HMAC(const char *password, int password_length, const unsigned char *salt, int salt_length, int rounds,
                      const void *digest, int key_length, unsigned char *key);
const void *EVP_sha512(void);
int CRYPTO_memcmp(const void *one, const void *other, size_t length);

/* The tenant chooses the hash, and everybody waits while it is computed: more than these would stop the broker. Mosquitto's
 * own tool writes 101 in 2.0 and 1,000 in 2.1. */
enum { MOST_ROUNDS = 1000, USUAL_ROUNDS = 101, KEY_SIZE = 64, MOST_SALT = 48 };

static int base64_digit(char c) {
	if (c >= 'A' && c <= 'Z') return c - 'A';
	if (c >= 'a' && c <= 'z') return c - 'a' + 26;
	if (c >= '0' && c <= '9') return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Bytes of a base64 text up to "=", "$" or its end. */
static int base64(const char *text, unsigned char *out, int size) {
	unsigned bits = 0;
	int have = 0, length = 0;
	for (int digit; (digit = base64_digit(*text)) >= 0 && length < size; text++) {
		bits = (bits << 6 | (unsigned)digit) & 0xffffff;
		have += 6;
		if (have < 8) continue;
		have -= 8;
		out[length++] = (unsigned char)(bits >> have);
	}
	return length;
}

bool password_matches(const char *hash, const char *password) {
	unsigned char salt[MOST_SALT] = {0}, wanted[KEY_SIZE] = {0}, got[KEY_SIZE];
	int salt_length = 12, rounds = USUAL_ROUNDS;
	bool possible = false;
	if (hash) {
		const char *salt_text = strchr(hash + 3, '$') + 1;
		const int asked = atoi(hash + 3);
		salt_length = base64(salt_text, salt, MOST_SALT);
		possible = asked <= MOST_ROUNDS && base64(strchr(salt_text, '$') + 1, wanted, KEY_SIZE) == KEY_SIZE;
		if (asked <= MOST_ROUNDS) rounds = asked;
	}
	const int length = (int)strlen(password);
	const bool made = PKCS5_PBKDF2_HMAC(password, length, salt, salt_length, rounds, EVP_sha512(), KEY_SIZE, got) == 1;
	return made && CRYPTO_memcmp(wanted, got, KEY_SIZE) == 0 && possible;
}
