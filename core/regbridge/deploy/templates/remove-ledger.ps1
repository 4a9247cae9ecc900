if (-not $RemoveLedger) {
    Write-Host 'The configuration and the ledger are still there.'
}
elseif ($Ledger) {
    foreach ($end in '', '-wal', '-shm', '.receive.lock', '.work.lock') {
        if (Test-Path -LiteralPath "$Ledger$end") { Remove-Item -LiteralPath "$Ledger$end" }
    }
    Write-Host "Removed the ledger $Ledger."
}
else {
    Write-Host 'The ledger is not a file; remove its database at its server.'
}
