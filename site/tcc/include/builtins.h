/* SPDX-License-Identifier: MIT */
/* Included before every file: the builtins of gcc and clang that the labs allow
 * and that tcc does not know.  Those that are functions are in
 * site/kernel/tcc_support.c. */
#ifndef TCC_BUILTINS_H
#define TCC_BUILTINS_H

int __builtin_ctz(unsigned word);
int __builtin_clz(unsigned word);
int __builtin_ffs(int word);
unsigned __builtin_bswap32(unsigned word);
unsigned short __builtin_bswap16(unsigned short word);
void __builtin_unreachable(void);
void *memcpy(void *to, const void *from, unsigned bytes);
void *memmove(void *to, const void *from, unsigned bytes);
void *memset(void *to, int value, unsigned bytes);
int memcmp(const void *left, const void *right, unsigned bytes);
unsigned strlen(const char *text);

#define __builtin_memcpy  memcpy
#define __builtin_memmove memmove
#define __builtin_memset  memset
#define __builtin_memcmp  memcmp
#define __builtin_strlen  strlen

/* For operands of up to 32 bits: 64 bits hold every exact result. */
#define TCC_FITS_NOT(exact, result)             \
    ({                                          \
        __typeof__(exact) exact_ = (exact);     \
        *(result) = exact_;                     \
        (__typeof__(exact))*(result) != exact_; \
    })
#define __builtin_add_overflow(a, b, result) \
    TCC_FITS_NOT((long long)(a) + (long long)(b), result)
#define __builtin_sub_overflow(a, b, result) \
    TCC_FITS_NOT((long long)(a) - (long long)(b), result)
#define __builtin_mul_overflow(a, b, result) \
    TCC_FITS_NOT((unsigned long long)(a) * (unsigned long long)(b), result)

#endif
