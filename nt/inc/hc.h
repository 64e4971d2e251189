/*
 * hc.h - how the kernel reaches the host: the hypercall table and the machine page.
 */
#ifndef NT_INC_HC_H
#define NT_INC_HC_H

#include "abi/hypercall.h"
#include "abi/machine.h"
#include "abi/trace.h"

#define Hc      ((const struct abi_hypercalls *)ABI_HYPERCALL_TABLE)
#define Machine ((volatile struct abi_machine *)ABI_MACHINE_PAGE)
/* Here and not through Machine: ntimage.h has a field of that name. */
#define HcNoteWithheld(What)                                                                       \
    ((VOID)(((volatile struct abi_machine *)ABI_MACHINE_PAGE)->withheld |= ABI_WITHHELD_##What))
#define HcNoteDirty() ((VOID)(((volatile struct abi_machine *)ABI_MACHINE_PAGE)->dirty = 1))

#define KiTurn ((volatile struct abi_turn *)ABI_TURN)

#define HcBootInfo(Out)                      (Hc->boot_info(Out))
#define HcStop(Why)                          (Hc->stop(Why))
#define HcPrint(Channel, Text, Length)       (Hc->print((Channel), (Text), (Length)))
#define HcReadInput(Buffer, Length)          (Hc->read_input((Buffer), (Length)))
#define HcHostTime()                         (Hc->host_time())
#define HcCommit(Address, Size, Protection)  (Hc->commit((ULONG64)(Address), (Size), (Protection)))
#define HcProtect(Address, Size, Protection) (Hc->protect((ULONG64)(Address), (Size), (Protection)))
#define HcDecommit(Address, Size)            (Hc->decommit((ULONG64)(Address), (Size)))
#define HcPage(Address)                      (Hc->page((ULONG64)(Address)))
#define HcMapView(Address, Size, Backing, Protection)                                              \
    (Hc->map_view((ULONG64)(Address), (Size), (ULONG64)(Backing), (Protection)))
#define HcSetAddressSpace(Slice)              (Hc->set_address_space(Slice))
#define HcImageLoad(Name, Flags, Slice, Out)  (Hc->image_load((Name), (Flags), (Slice), (Out)))
#define HcImageUnload(Base)                   (Hc->image_unload((ULONG64)(Base)))
#define HcOriginalRip(Rip)                    (Hc->original_rip(Rip))
#define HcOrigin(Rip, Lower)                  (Hc->origin((Rip), (Lower)))
#define HcReportText(Text, Length)            (Hc->report_text((Text), (Length)))
#define HcReportMemory(Address, Length)       (Hc->report_memory((Address), (Length)))
#define HcDescribe(Address, Buffer, Length)   (Hc->describe((ULONG64)(Address), (Buffer), (Length)))
#define HcFindExport(Image, Name)             (Hc->find_export((Image), (Name)))
#define HcFileStat(Path, Out)                 (Hc->file_stat((Path), (Out)))
#define HcFileRead(Path, Offset, Buffer, Len) (Hc->file_read((Path), (Offset), (Buffer), (Len)))
#define HcFileEntry(Path, Index, Buffer, Len) (Hc->file_entry((Path), (Index), (Buffer), (Len)))
#define HcChoose(Agents, Count, Asker)        (Hc->choose((Agents), (Count), (Asker)))
#define HcPasses(Asker, Whole)                (Hc->passes((Asker), (Whole)))
#define HcTouch(Address, Size, How, Agent)    (Hc->touch((ULONG64)(Address), (Size), (How), (Agent)))
#define HcService(Service, Done, Result)      (Hc->service((Service), (Done), (Result)))
#define HcConfig(Key, Buffer, Length)         (Hc->config((Key), (Buffer), (Length)))

#endif
