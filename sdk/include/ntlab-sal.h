/*
 * ntlab-sal.h - annotations of Microsoft's static checker that mingw-w64's sal.h, specstrings.h and driverspecs.h lack:
 * they mean nothing to a compiler.
 */
#ifndef NTLAB_SAL_H
#define NTLAB_SAL_H

#ifndef _Dispatch_type_
#define _Dispatch_type_(x)
#endif
#ifndef _IRQL_is_cancel_
#define _IRQL_is_cancel_
#endif
#ifndef _IRQL_uses_cancel_
#define _IRQL_uses_cancel_
#endif
#ifndef _Kernel_clear_do_init_
#define _Kernel_clear_do_init_(x)
#endif
#ifndef _Kernel_float_saved_
#define _Kernel_float_saved_
#endif
#ifndef _Kernel_float_restored_
#define _Kernel_float_restored_
#endif
#ifndef _Kernel_float_used_
#define _Kernel_float_used_
#endif
#ifndef _Kernel_requires_resource_held_
#define _Kernel_requires_resource_held_(x)
#endif
#ifndef _Kernel_requires_resource_not_held_
#define _Kernel_requires_resource_not_held_(x)
#endif
#ifndef _Kernel_acquires_resource_
#define _Kernel_acquires_resource_(x)
#endif
#ifndef _Kernel_releases_resource_
#define _Kernel_releases_resource_(x)
#endif
#ifndef _Kernel_entry_
#define _Kernel_entry_
#endif
#ifndef _Kernel_IoGetDmaAdapter_
#define _Kernel_IoGetDmaAdapter_
#endif
#ifndef _Interlocked_operand_
#define _Interlocked_operand_
#endif
#ifndef _Inexpressible_
#define _Inexpressible_(x)
#endif
#ifndef __out_bcount_opt
#define __out_bcount_opt(x)
#endif
#ifndef __volatile
#define __volatile
#endif
#ifndef _IRQL_saves_global_
#define _IRQL_saves_global_(k, p)
#endif
#ifndef _IRQL_restores_global_
#define _IRQL_restores_global_(k, p)
#endif
#ifndef _IRQL_always_function_max_
#define _IRQL_always_function_max_(x)
#endif
#ifndef _IRQL_always_function_min_
#define _IRQL_always_function_min_(x)
#endif
#ifndef _Post_maybenull_
#define _Post_maybenull_
#endif
#ifndef _Unreferenced_parameter_
#define _Unreferenced_parameter_
#endif
#ifndef _Frees_ptr_
#define _Frees_ptr_
#endif
#ifndef _Frees_ptr_opt_
#define _Frees_ptr_opt_
#endif
#ifndef _Pre_maybenull_
#define _Pre_maybenull_
#endif
#ifndef _Pre_valid_
#define _Pre_valid_
#endif
#ifndef __drv_preferredFunction
#define __drv_preferredFunction(f, w)
#endif
#ifndef __drv_reportError
#define __drv_reportError(w)
#endif
#ifndef __drv_constant
#define __drv_constant
#endif
#ifndef __drv_interlocked
#define __drv_interlocked
#endif
#ifndef __drv_maxFunctionIRQL
#define __drv_maxFunctionIRQL(x)
#endif
#ifndef __drv_minFunctionIRQL
#define __drv_minFunctionIRQL(x)
#endif
#ifndef __drv_minIRQL
#define __drv_minIRQL(x)
#endif
#ifndef __drv_sameIRQL
#define __drv_sameIRQL
#endif
#ifndef __drv_functionClass
#define __drv_functionClass(x)
#endif
#ifndef __drv_mustHold
#define __drv_mustHold(x)
#endif
#ifndef __drv_neverHold
#define __drv_neverHold(x)
#endif
#ifndef __drv_mustHoldCriticalRegion
#define __drv_mustHoldCriticalRegion
#endif
#ifndef __drv_neverHoldCriticalRegion
#define __drv_neverHoldCriticalRegion
#endif
#ifndef __drv_acquiresCriticalRegion
#define __drv_acquiresCriticalRegion
#endif
#ifndef __drv_releasesCriticalRegion
#define __drv_releasesCriticalRegion
#endif
#ifndef __drv_acquiresExclusiveResource
#define __drv_acquiresExclusiveResource(x)
#endif
#ifndef __drv_releasesExclusiveResource
#define __drv_releasesExclusiveResource(x)
#endif
#ifndef __drv_acquiresResource
#define __drv_acquiresResource(x)
#endif
#ifndef __drv_releasesResource
#define __drv_releasesResource(x)
#endif
#ifndef __drv_neverHoldGlobal
#define __drv_neverHoldGlobal(k, p)
#endif
#ifndef __drv_mustHoldGlobal
#define __drv_mustHoldGlobal(k, p)
#endif
#ifndef __drv_clearDoInit
#define __drv_clearDoInit
#endif
#ifndef __drv_inTry
#define __drv_inTry
#endif
#ifndef __drv_notInTry
#define __drv_notInTry
#endif
#ifndef __drv_isCancelIRQL
#define __drv_isCancelIRQL
#endif
#ifndef __drv_isObjectPointer
#define __drv_isObjectPointer
#endif
#ifndef __drv_strictType
#define __drv_strictType(t, m)
#endif
#ifndef __drv_strictTypeMatch
#define __drv_strictTypeMatch(m)
#endif
#ifndef __drv_completionType
#define __drv_completionType(x)
#endif
#ifndef __drv_innerMustHold
#define __drv_innerMustHold(x)
#endif
#ifndef __inner_callback
#define __inner_callback
#endif
#ifndef __callback
#define __callback
#endif

/* More of both vintages. Those whose names begin with _Pre_, _Post_ and _Deref_ stand inside other annotations. */
#ifndef _Post_invalid_
#define _Post_invalid_
#endif
#ifndef _Post_ptr_invalid_
#define _Post_ptr_invalid_
#endif
#ifndef _Post_z_
#define _Post_z_
#endif
#ifndef _Post_valid_
#define _Post_valid_
#endif
#ifndef _Post_notnull_
#define _Post_notnull_
#endif
#ifndef _Post_null_
#define _Post_null_
#endif
#ifndef _Post_maybez_
#define _Post_maybez_
#endif
#ifndef _Post_defensive_
#define _Post_defensive_
#endif
#ifndef _Prepost_z_
#define _Prepost_z_
#endif
#ifndef _Prepost_valid_
#define _Prepost_valid_
#endif
#ifndef _Deref_out_z_
#define _Deref_out_z_
#endif
#ifndef _Deref_post_z_
#define _Deref_post_z_
#endif
#ifndef _Deref_prepost_z_
#define _Deref_prepost_z_
#endif
#ifndef _Deref_inout_
#define _Deref_inout_
#endif
#ifndef _Deref_pre_maybenull_
#define _Deref_pre_maybenull_
#endif
#ifndef _Deref_pre_z_
#define _Deref_pre_z_
#endif
#ifndef _Deref_post_maybenull_
#define _Deref_post_maybenull_
#endif
#ifndef _Deref_post_notnull_
#define _Deref_post_notnull_
#endif
#ifndef _Deref_post_null_
#define _Deref_post_null_
#endif
#ifndef _Deref_post_valid_
#define _Deref_post_valid_
#endif
#ifndef _Check_return_opt_
#define _Check_return_opt_
#endif
#ifndef _Notnull_
#define _Notnull_
#endif
#ifndef _Maybenull_
#define _Maybenull_
#endif
#ifndef _Null_
#define _Null_
#endif
#ifndef _Notvalid_
#define _Notvalid_
#endif
#ifndef _Maybevalid_
#define _Maybevalid_
#endif
#ifndef _Valid_
#define _Valid_
#endif
#ifndef _Analysis_noreturn_
#define _Analysis_noreturn_
#endif
#ifndef _Pre_
#define _Pre_
#endif
#ifndef _Pre_null_
#define _Pre_null_
#endif
#ifndef _Pre_z_
#define _Pre_z_
#endif
#ifndef _Pre_unknown_
#define _Pre_unknown_
#endif
#ifndef _Pre_opt_valid_
#define _Pre_opt_valid_
#endif
#ifndef _Pre_valid_
#define _Pre_valid_
#endif
#ifndef _Out_ptr_
#define _Out_ptr_
#endif
#ifndef _Curr_
#define _Curr_
#endif
#ifndef _Post_same_
#define _Post_same_
#endif
#ifndef _Kernel_entry_always_
#define _Kernel_entry_always_
#endif
#ifndef __drv_inout
#define __drv_inout
#endif
#ifndef __drv_notPointer
#define __drv_notPointer
#endif
#ifndef __drv_unreferenced
#define __drv_unreferenced
#endif
#ifndef __in_z
#define __in_z
#endif
#ifndef __in_z_opt
#define __in_z_opt
#endif
#ifndef __inout_z
#define __inout_z
#endif
#ifndef __inout_z_opt
#define __inout_z_opt
#endif
#ifndef __out_z
#define __out_z
#endif
#ifndef __out_z_opt
#define __out_z_opt
#endif
#ifndef __deref_inout
#define __deref_inout
#endif
#ifndef __deref_in
#define __deref_in
#endif
#ifndef __deref_out_z
#define __deref_out_z
#endif
#ifndef __deref_opt_out_opt
#define __deref_opt_out_opt
#endif
#ifndef __reserved
#define __reserved
#endif
#ifndef __nullterminated
#define __nullterminated
#endif
#ifndef __nullnullterminated
#define __nullnullterminated
#endif
#ifndef __notnull
#define __notnull
#endif
#ifndef __maybenull
#define __maybenull
#endif
#ifndef __override
#define __override
#endif
#ifndef __kernel_entry
#define __kernel_entry
#endif
#ifndef __rpc_callee
#define __rpc_callee
#endif
#ifndef _Post_count_
#define _Post_count_(x)
#endif
#ifndef _Post_bytecount_
#define _Post_bytecount_(x)
#endif
#ifndef _Post_cap_
#define _Post_cap_(x)
#endif
#ifndef _Post_count_c_
#define _Post_count_c_(x)
#endif
#ifndef _Post_bytecount_c_
#define _Post_bytecount_c_(x)
#endif
#ifndef _Pre_count_
#define _Pre_count_(x)
#endif
#ifndef _Pre_bytecount_
#define _Pre_bytecount_(x)
#endif
#ifndef _Pre_cap_
#define _Pre_cap_(x)
#endif
#ifndef _Pre_opt_bytecount_
#define _Pre_opt_bytecount_(x)
#endif
#ifndef _Pre_bytecap_
#define _Pre_bytecap_(x)
#endif
#ifndef _IRQL_limited_to_
#define _IRQL_limited_to_(x)
#endif
#ifndef _Acquires_spin_lock_
#define _Acquires_spin_lock_(x)
#endif
#ifndef _Releases_spin_lock_
#define _Releases_spin_lock_(x)
#endif
#ifndef _String_length_
#define _String_length_(x)
#endif
#ifndef _Satisfies_
#define _Satisfies_(x)
#endif
#ifndef _Group_
#define _Group_(x)
#endif
#ifndef __drv_ret
#define __drv_ret(x)
#endif
#ifndef __drv_innerNeverHold
#define __drv_innerNeverHold(x)
#endif
#ifndef __drv_KMDF
#define __drv_KMDF(x)
#endif
#ifndef __drv_WDM
#define __drv_WDM(x)
#endif
#ifndef __drv_innerMustHold
#define __drv_innerMustHold(x)
#endif
#ifndef __in_bcount_opt
#define __in_bcount_opt(x)
#endif
#ifndef __in_ecount_opt
#define __in_ecount_opt(x)
#endif
#ifndef __out_bcount_opt
#define __out_bcount_opt(x)
#endif
#ifndef __out_ecount_opt
#define __out_ecount_opt(x)
#endif
#ifndef __inout_bcount_opt
#define __inout_bcount_opt(x)
#endif
#ifndef __inout_ecount_opt
#define __inout_ecount_opt(x)
#endif
#ifndef __in_bcount_z
#define __in_bcount_z(x)
#endif
#ifndef __in_ecount_z
#define __in_ecount_z(x)
#endif
#ifndef __out_bcount_z
#define __out_bcount_z(x)
#endif
#ifndef __out_ecount_z
#define __out_ecount_z(x)
#endif
#ifndef __inout_ecount_z
#define __inout_ecount_z(x)
#endif
#ifndef __deref_out_bcount
#define __deref_out_bcount(x)
#endif
#ifndef __deref_out_ecount
#define __deref_out_ecount(x)
#endif
#ifndef __deref_inout_bcount
#define __deref_inout_bcount(x)
#endif
#ifndef __deref_inout_ecount
#define __deref_inout_ecount(x)
#endif
#ifndef __field_bcount
#define __field_bcount(x)
#endif
#ifndef __field_ecount
#define __field_ecount(x)
#endif
#ifndef __field_bcount_opt
#define __field_bcount_opt(x)
#endif
#ifndef __field_ecount_opt
#define __field_ecount_opt(x)
#endif
#ifndef __field_bcount_full
#define __field_bcount_full(x)
#endif
#ifndef __field_ecount_full
#define __field_ecount_full(x)
#endif
#ifndef __success
#define __success(x)
#endif
#ifndef __inner_assume_bytes
#define __inner_assume_bytes(x)
#endif
#ifndef __typefix
#define __typefix(x)
#endif
#ifndef __field_range
#define __field_range(x, y)
#endif
#ifndef __in_range
#define __in_range(x, y)
#endif
#ifndef __out_range
#define __out_range(x, y)
#endif
#ifndef __inout_range
#define __inout_range(x, y)
#endif
#ifndef __deref_in_range
#define __deref_in_range(x, y)
#endif
#ifndef __deref_out_range
#define __deref_out_range(x, y)
#endif
#ifndef __out_bcount_part_opt
#define __out_bcount_part_opt(x, y)
#endif
#ifndef __out_ecount_part_opt
#define __out_ecount_part_opt(x, y)
#endif
#ifndef __inout_bcount_part
#define __inout_bcount_part(x, y)
#endif
#ifndef __inout_ecount_part
#define __inout_ecount_part(x, y)
#endif
#ifndef __deref_out_bcount_part
#define __deref_out_bcount_part(x, y)
#endif
#ifndef __deref_out_ecount_part
#define __deref_out_ecount_part(x, y)
#endif
#ifndef __field_bcount_part
#define __field_bcount_part(x, y)
#endif
#ifndef __field_ecount_part
#define __field_ecount_part(x, y)
#endif
/* Not an annotation, but what drivers and programs alike lack. */
#ifndef EXTERN_C_START
#ifdef __cplusplus
#define EXTERN_C_START extern "C" {
#define EXTERN_C_END   }
#else
#define EXTERN_C_START
#define EXTERN_C_END
#endif
#endif
#endif
