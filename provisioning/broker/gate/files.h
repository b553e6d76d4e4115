/* See files.c. */
#ifndef GATE_FILES_H
#define GATE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file_state {
	uint64_t inode;
	int64_t size, seconds;
	long nanoseconds;
};

/* A file's text, ended by a NUL and to be freed; NULL when it cannot be read or is larger than `most` bytes. */
char *read_whole(const char *path, size_t most, size_t *length);
/* A file's bytes, to be given back; NULL when it is empty or cannot be read. */
const unsigned char *map_whole(const char *path, size_t *length);
void unmap(const unsigned char *bytes, size_t length);
bool exists(const char *path);
/* Puts a file that all may read in place of the one at `path`. */
bool replace_file(const char *path, const char *text);
/* Whether the file is another one than `seen`, which then is the file's state. A file that is missing has not changed. */
bool has_changed(const char *path, struct file_state *seen);

#endif
