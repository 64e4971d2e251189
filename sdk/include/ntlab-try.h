/*
 * ntlab-try.h - structured exceptions under their short names, in C: for drivers (wdm.h) and programs (excpt.h) alike.
 */
#ifndef NTLAB_TRY_H
#define NTLAB_TRY_H

#ifndef __cplusplus
#ifndef try
#define try __try
#endif
#ifndef except
#define except __except
#endif
#ifndef finally
#define finally __finally
#endif
#ifndef leave
#define leave __leave
#endif
#endif

#endif
