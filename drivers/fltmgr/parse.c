/*
 * parse.c - the parts of a file name.
 *
 * \Device\HarddiskVolume1\dir\file.txt:stream is Volume, ParentDir (with both backslashes), FinalComponent (with the
 * stream), Extension, Stream (with its colon). The flags say what was looked for, not what was there.
 * [DDI: FltParseFileNameInformation, FltParseFileName]
 */
#include "fltp.h"

static UNICODE_STRING
FltpPart(PCUNICODE_STRING Name, ULONG From, ULONG To)
{
    UNICODE_STRING Part = {};

    if (To > From) {
        Part.Buffer = Name->Buffer + From;
        Part.Length = Part.MaximumLength = (USHORT)((To - From) * sizeof(WCHAR));
    }
    return Part;
}

NTSTATUS FLTAPI
FltParseFileName(PCUNICODE_STRING FileName, PUNICODE_STRING Extension, PUNICODE_STRING Stream,
                 PUNICODE_STRING FinalComponent)
{
    ULONG Units = FileName->Length / sizeof(WCHAR), Final = 0, Colon, Dot;

    for (ULONG i = 0; i < Units; i++) {
        Final = FileName->Buffer[i] == L'\\' ? i + 1 : Final;
    }
    for (Colon = Final; Colon < Units && FileName->Buffer[Colon] != L':'; Colon++) {
    }
    for (Dot = Colon; Dot > Final && FileName->Buffer[Dot - 1] != L'.'; Dot--) {
    }
    if (Extension != NULL) {
        *Extension = FltpPart(FileName, Dot > Final ? Dot : Colon, Colon);
    }
    if (Stream != NULL) {
        *Stream = FltpPart(FileName, Colon, Units);
    }
    if (FinalComponent != NULL) {
        *FinalComponent = FltpPart(FileName, Final, Units);
    }
    return STATUS_SUCCESS;
}

NTSTATUS FLTAPI
FltParseFileNameInformation(PFLT_FILE_NAME_INFORMATION Info)
{
    ULONG From = Info->Volume.Length / sizeof(WCHAR) + Info->Share.Length / sizeof(WCHAR);
    ULONG Units = Info->Name.Length / sizeof(WCHAR), Final = From;

    if (Info->Format == FLT_FILE_NAME_SHORT) {
        FltParseFileName(&Info->Name, &Info->Extension, NULL, &Info->FinalComponent);
        Info->NamesParsed |= FLTFL_FILE_NAME_PARSED_FINAL_COMPONENT |
                             FLTFL_FILE_NAME_PARSED_EXTENSION | FLTFL_FILE_NAME_PARSED_STREAM |
                             FLTFL_FILE_NAME_PARSED_PARENT_DIR;
        return STATUS_SUCCESS;
    }
    for (ULONG i = From; i < Units; i++) {
        Final = Info->Name.Buffer[i] == L'\\' ? i + 1 : Final;
    }
    FltParseFileName(&Info->Name, &Info->Extension, &Info->Stream, &Info->FinalComponent);
    if (Final == Units) {
        RtlZeroMemory(&Info->FinalComponent, sizeof(Info->FinalComponent));
    }
    Info->ParentDir = FltpPart(&Info->Name, From, Final);
    Info->NamesParsed |= FLTFL_FILE_NAME_PARSED_FINAL_COMPONENT | FLTFL_FILE_NAME_PARSED_EXTENSION |
                         FLTFL_FILE_NAME_PARSED_STREAM | FLTFL_FILE_NAME_PARSED_PARENT_DIR;
    return STATUS_SUCCESS;
}
