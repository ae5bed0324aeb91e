/* SPDX-License-Identifier: MIT */
#ifndef TCC_STDALIGN_H
#define TCC_STDALIGN_H

#define alignas _Alignas
#define alignof _Alignof

#endif
