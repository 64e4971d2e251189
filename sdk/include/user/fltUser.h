/* fltUser.h - for programs: the folder above has a driver's headers. */
#include "../fltUser.h"
