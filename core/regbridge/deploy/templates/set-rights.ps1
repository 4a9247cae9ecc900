function Set-Rights {
    # Administrators and the system may do everything, the account what is said, nobody else.
    param([string] $Path, [string] $Right)
    & icacls.exe $Path /inheritance:r /grant:r '*S-1-5-32-544:(OI)(CI)F' '*S-1-5-18:(OI)(CI)F' "${Account}:(OI)(CI)$Right" /Q
    if ($LASTEXITCODE -ne 0) { throw "The rights of $Path could not be set." }
}
