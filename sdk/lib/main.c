/*
 * main.c - main for a program whose own returns nothing, or counts its arguments in an unsigned: MSVC takes it, clang
 * does not, so the toolchain file has it renamed (NTLAB_MAIN_VOID: it returns nothing).
 */
#ifdef NTLAB_MAIN_VOID
void __cdecl ntlab_main(int argc, char **argv, char **envp);
#else
int __cdecl ntlab_main(int argc, char **argv, char **envp);
#endif

int __cdecl main(int argc, char **argv, char **envp)
{
#ifdef NTLAB_MAIN_VOID
    ntlab_main(argc, argv, envp);
    return 0;
#else
    return ntlab_main(argc, argv, envp);
#endif
}
