#Requires -Version 5.1
#Requires -RunAsAdministrator
<#
.SYNOPSIS
Removes the Windows service of regbridge and its firewall rule.
.DESCRIPTION
Written by `regbridge deploy windows-service`. The configuration, the program and the ledger stay.
.PARAMETER RemoveLedger
Removes the ledger too, with everything that was received and what became of it, for ever.
#>
param(
    [switch] $RemoveLedger
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$Name = {{ name | powershell }}
# Empty when the ledger is not a file.
$Ledger = {{ ledger | powershell }}
$Wrapper = Join-Path -Path $PSScriptRoot -ChildPath "$Name.exe"

if (Get-Service -Name $Name -ErrorAction SilentlyContinue) {
    Stop-Service -Name $Name
    & $Wrapper uninstall
    if ($LASTEXITCODE -ne 0) { throw 'WinSW could not remove the service.' }
}
if (Get-NetFirewallRule -Name "$Name-http" -ErrorAction SilentlyContinue) {
    Remove-NetFirewallRule -Name "$Name-http"
}
{% include "remove-ledger.ps1" %}
