#include "fltp.h"
VOID
FltpNoteNameChange(PFLTP_OPERATION Operation)
{
}
VOID
FltpForgetNames(PFLTP_CARRIER Carrier)
{
}
