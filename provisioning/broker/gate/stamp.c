/* The stamp on a device's message: when it came, which one it was, and a MAC that only broker and ingest can make. Pure. */
#include "gate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t rotate(uint64_t value, int bits) {
	return value << bits | value >> (64 - bits);
}

static uint64_t little_endian(const unsigned char *bytes, size_t count) {
	uint64_t value = 0;
	for (size_t i = 0; i < count; i++) value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

static void rounds(uint64_t v[4], int count) {
	while (count-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

/* SipHash-2-4 (Aumasson and Bernstein, 2012). */
uint64_t siphash24(const unsigned char key[16], const void *data, size_t length) {
	const unsigned char *bytes = data;
	const uint64_t k0 = little_endian(key, 8), k1 = little_endian(key + 8, 8);
	uint64_t v[4] = {
		k0 ^ 0x736f6d6570736575u,
		k1 ^ 0x646f72616e646f6du,
		k0 ^ 0x6c7967656e657261u,
		k1 ^ 0x7465646279746573u,
	};
	const size_t whole = length / 8 * 8;
	for (size_t i = 0; i <= whole; i += 8) {
		const uint64_t word = i < whole ? little_endian(bytes + i, 8) : (uint64_t)length << 56 | little_endian(bytes + i, length - whole);
		v[3] ^= word;
		rounds(v, 2);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static int hex_digit(char c) {
	if (c >= '0' && c <= '9') return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool stamp_key(const char *text, unsigned char key[16]) {
	for (int i = 0; i < 16; i++) {
		const int high = hex_digit(text[2 * i]);
		const int low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
		if (low < 0) return false;
		key[i] = (unsigned char)(high << 4 | low);
	}
	return text[32] == '\0' || text[32] == '\n';
}

bool stamp_next(struct stamper *stamper, const char *topic, int64_t ms, const char *note, char out[STAMP_SIZE]) {
	char text[LONGEST_TOPIC + 1 + STAMP_SIZE];
	const uint64_t counter = ++stamper->counter;
	const int stamp = snprintf(out, STAMP_SIZE, "%" PRId64 ".%s.%" PRIu64 ".%s", ms, stamper->boot, counter, note);
	const size_t topic_length = strlen(topic);
	if (stamp < 0 || stamp + 18 > STAMP_SIZE || topic_length + 1 + (size_t)stamp > sizeof text) return false;
	memcpy(text, topic, topic_length + 1);
	memcpy(text + topic_length + 1, out, (size_t)stamp);
	const uint64_t mac = siphash24(stamper->key, text, topic_length + 1 + (size_t)stamp);
	out[stamp] = '.';
	for (int i = 0; i < 8; i++) {
		static const char digits[] = "0123456789abcdef";
		const unsigned byte = (unsigned)(mac >> (8 * i)) & 0xff;
		out[stamp + 1 + 2 * i] = digits[byte >> 4];
		out[stamp + 2 + 2 * i] = digits[byte & 15];
	}
	out[stamp + 17] = '\0';
	return true;
}

void note_of_channel(const char *rest, char out[LONGEST_NOTE + 2]) {
	size_t length = 0;
	out[length++] = 'c';
	for (; *rest && length <= LONGEST_NOTE; rest++) {
		const char c = *rest;
		const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("_/-", c);
		out[length++] = plain ? c : '_';
	}
	out[length] = '\0';
}
