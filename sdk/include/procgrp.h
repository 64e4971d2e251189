/* procgrp.h - processor groups for systems before Windows 7: wdm.h has all of it. */
#ifndef _PROCGRP_H_
#define _PROCGRP_H_
#endif
