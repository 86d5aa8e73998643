/* sha256: FIPS 180-4, for keys and checksums of the cache. Equal keys must mean equal functions, as nothing compares the
 * functions themselves; with a cryptographic hash nobody has to think about collisions, not even made ones. */
#ifndef SPC_BACKEND_SHA256_H
#define SPC_BACKEND_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { BE_SHA256_BYTES = 32 };

typedef struct be_sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    uint8_t block[64];
} be_sha256;

void be_sha256_start(be_sha256 *);
void be_sha256_add(be_sha256 *, const void *data, size_t size);
void be_sha256_end(be_sha256 *, uint8_t out[BE_SHA256_BYTES]);

#endif
