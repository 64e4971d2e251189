/*
 * TraceLoggingProvider.h - events that describe themselves. Nobody listens in ntlab, so a provider is never enabled:
 * what is written is not evaluated, as on Windows when nobody listens. [TraceLoggingProvider.h of the Windows SDK, by its
 * documentation]
 */
#ifndef _TRACELOGGINGPROVIDER_
#define _TRACELOGGINGPROVIDER_

typedef const struct _tlgProvider_t *TraceLoggingHProvider;

#ifdef __cplusplus
#define NTLAB_TLG_EXTERN extern "C"
#else
#define NTLAB_TLG_EXTERN extern
#endif

#define TRACELOGGING_DECLARE_PROVIDER(_provider)                                                   \
    NTLAB_TLG_EXTERN const TraceLoggingHProvider _provider
#define TRACELOGGING_DEFINE_PROVIDER(_provider, _name, ...)                                        \
    NTLAB_TLG_EXTERN const TraceLoggingHProvider _provider;                                        \
    const TraceLoggingHProvider _provider = 0
#define TRACELOGGING_DEFINE_PROVIDER_STORAGE(_storage, _name, ...)                                 \
    static const TraceLoggingHProvider _storage = 0

#define TraceLoggingRegister(_provider)                ((void)(_provider), (LONG)0)
#define TraceLoggingRegisterEx(_provider, ...)         ((void)(_provider), (LONG)0)
#define TraceLoggingUnregister(_provider)              ((void)(_provider))
#define TraceLoggingProviderEnabled(_provider, _l, _k) ((void)(_provider), FALSE)
#define TraceLoggingProviderId(_provider, _id)         ((void)(_provider))
#define TraceLoggingSetInformation(_provider, ...)     ((void)(_provider), (LONG)0)
#define TraceLoggingWrite(...)                         ((void)0)
#define TraceLoggingWriteActivity(...)                 ((void)0)
#define TraceLoggingWriteEx(...)                       ((void)0)

#endif
