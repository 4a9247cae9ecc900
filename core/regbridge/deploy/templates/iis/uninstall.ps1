#Requires -Version 5.1
#Requires -RunAsAdministrator
<#
.SYNOPSIS
Removes the site of regbridge, its application pool and its firewall rule.
.DESCRIPTION
Written by `regbridge deploy iis`. The configuration, the program and the ledger stay.
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
$InsidePaths = {{ inside_paths | powershell_list }}

Import-Module -Name 'WebAdministration'
if (Test-Path -Path "IIS:\Sites\$Name") { Remove-Website -Name $Name }
if (Test-Path -Path "IIS:\AppPools\$Name") { Remove-WebAppPool -Name $Name }
foreach ($location in @($Name) + @($InsidePaths | ForEach-Object { "$Name/$_" })) {
    foreach ($section in 'ipSecurity', 'authentication/anonymousAuthentication') {
        Clear-WebConfiguration -PSPath 'MACHINE/WEBROOT/APPHOST' -Location $location -Filter "system.webServer/security/$section" -ErrorAction SilentlyContinue
    }
}
if (Get-NetFirewallRule -Name "$Name-https" -ErrorAction SilentlyContinue) {
    Remove-NetFirewallRule -Name "$Name-https"
}
{% include "remove-ledger.ps1" %}
