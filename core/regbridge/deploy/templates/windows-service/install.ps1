#Requires -Version 5.1
#Requires -RunAsAdministrator
<#
.SYNOPSIS
Makes regbridge a Windows service with an account, folders and rights of its own, and starts it.
.DESCRIPTION
Written by `regbridge deploy windows-service`. May be run again at any time: it makes everything as
it is written here, and creates nothing twice. The account is the service's virtual account, which
Windows manages and which has no password.
#>
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$Name = {{ name | powershell }}
$Program = {{ program | powershell }}
$Configs = {{ configs | powershell }}
$Port = {{ port | number }}
# The machines that may connect to the port; none when it listens on this machine only.
$Proxies = {{ proxies | powershell_list }}
$Wrapper = Join-Path -Path $PSScriptRoot -ChildPath "$Name.exe"
$Logs = Join-Path -Path $Configs -ChildPath 'logs'
$Account = "NT SERVICE\$Name"

{% include "set-rights.ps1" %}

if (-not (Test-Path -Path $Wrapper)) { throw "There is no $Wrapper. Put the program of WinSW there, under this name." }
if (-not (Test-Path -Path $Program)) { throw "There is no $Program. Install regbridge there, or write the files again." }
if (-not (Test-Path -Path (Join-Path -Path $Configs -ChildPath 'base.yaml'))) { throw "There is no base.yaml in $Configs." }

Write-Host 'Service'
if (-not (Get-Service -Name $Name -ErrorAction SilentlyContinue)) {
    & $Wrapper install
    if ($LASTEXITCODE -ne 0) { throw 'WinSW could not install the service.' }
}
Stop-Service -Name $Name
& sc.exe config $Name obj= $Account start= delayed-auto
if ($LASTEXITCODE -ne 0) { throw "The account of the service could not be set to $Account." }

Write-Host 'Folders and rights'
if (-not (Test-Path -Path $Logs)) { New-Item -Path $Logs -ItemType Directory | Out-Null }
Set-Rights -Path $PSScriptRoot -Right 'RX'
Set-Rights -Path $Configs -Right 'M'
$Environment = Split-Path -Path (Split-Path -Path $Program -Parent) -Parent
if (Test-Path -Path (Join-Path -Path $Environment -ChildPath 'pyvenv.cfg')) {
    Set-Rights -Path $Environment -Right 'RX'
}

Write-Host 'Firewall'
if (Get-NetFirewallRule -Name "$Name-http" -ErrorAction SilentlyContinue) {
    Remove-NetFirewallRule -Name "$Name-http"
}
if ($Proxies.Count -gt 0) {
    New-NetFirewallRule -Name "$Name-http" -DisplayName "$Name (from its proxy)" -Direction Inbound -Protocol TCP -LocalPort $Port -RemoteAddress $Proxies -Action Allow | Out-Null
}

Write-Host 'Start'
Start-Service -Name $Name
Write-Host "Done. The log is in $Logs; values for the variables are asked for by:"
Write-Host "  & '$Program' deploy secrets '$(Join-Path -Path $PSScriptRoot -ChildPath "$Name.xml")'"
