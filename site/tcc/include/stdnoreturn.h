/* SPDX-License-Identifier: MIT */
#ifndef TCC_STDNORETURN_H
#define TCC_STDNORETURN_H

#define noreturn _Noreturn

#endif
