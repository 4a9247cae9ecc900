#Requires -Version 5.1
#Requires -RunAsAdministrator
<#
.SYNOPSIS
Creates the site of regbridge with its application pool, folders, rights and firewall rule.
.DESCRIPTION
Written by `regbridge deploy iis`. May be run again at any time: it makes everything as it is
written here, and creates nothing twice. The pool's own account, which Windows manages and which
has no password, is the service account.
.PARAMETER Thumbprint
The certificate in the machine's store; the newest one that covers the server's name if left out.
#>
param(
    [string] $Thumbprint = ''
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$Name = {{ name | powershell }}
$ServerName = {{ server_name | powershell }}
$Port = {{ port | number }}
$Program = {{ program | powershell }}
$Configs = {{ configs | powershell }}
# Who reaches the console, the API and all of /health; addresses with their masks.
$Inside = {{ inside | powershell_list }}
$InsidePaths = {{ inside_paths | powershell_list }}
$Site = Join-Path -Path $PSScriptRoot -ChildPath 'site'
$Logs = Join-Path -Path $Configs -ChildPath 'logs'
$Account = "IIS AppPool\$Name"

{% include "set-rights.ps1" %}

function Find-Certificate {
    $names = @($ServerName, ('*.' + ($ServerName -split '\.', 2)[1]))
    $fits = Get-ChildItem -Path 'Cert:\LocalMachine\My' | Where-Object {
        $certificate = $_
        $covered = @($certificate.DnsNameList | ForEach-Object { $_.Unicode })
        $certificate.HasPrivateKey -and $certificate.NotAfter -gt (Get-Date) -and
            @($names | Where-Object { $covered -contains $_ }).Count -gt 0
    }
    $newest = $fits | Sort-Object -Property NotAfter -Descending | Select-Object -First 1
    if (-not $newest) {
        throw "No certificate in the machine's store covers $ServerName. Import one, or name one with -Thumbprint."
    }
    return $newest.Thumbprint
}

Write-Host 'Parts of Windows'
if (Get-Command -Name 'Install-WindowsFeature' -ErrorAction SilentlyContinue) {
    Install-WindowsFeature -Name 'Web-Server', 'Web-AppInit', 'Web-IP-Security', 'Web-Mgmt-Console', 'Web-Scripting-Tools' | Out-Null
}
Import-Module -Name 'WebAdministration'
if (-not (Get-WebGlobalModule -Name 'httpPlatformHandler')) {
    throw 'HttpPlatformHandler is missing. Install version 1.2 or newer from Microsoft, then run this script again.'
}
if (-not (Test-Path -Path $Program)) { throw "There is no $Program. Install regbridge there, or write the files again." }
if (-not (Test-Path -Path (Join-Path -Path $Configs -ChildPath 'base.yaml'))) { throw "There is no base.yaml in $Configs." }
if (-not $Thumbprint) { $Thumbprint = Find-Certificate }

Write-Host 'Application pool'
$Pool = "IIS:\AppPools\$Name"
if (-not (Test-Path -Path $Pool)) { New-WebAppPool -Name $Name | Out-Null }
Set-ItemProperty -Path $Pool -Name 'managedRuntimeVersion' -Value ''
Set-ItemProperty -Path $Pool -Name 'autoStart' -Value $true
Set-ItemProperty -Path $Pool -Name 'startMode' -Value 'AlwaysRunning'
Set-ItemProperty -Path $Pool -Name 'processModel.loadUserProfile' -Value $true
Set-ItemProperty -Path $Pool -Name 'processModel.maxProcesses' -Value 1
Set-ItemProperty -Path $Pool -Name 'processModel.idleTimeout' -Value ([TimeSpan]::Zero)
Set-ItemProperty -Path $Pool -Name 'processModel.shutdownTimeLimit' -Value ([TimeSpan]::FromSeconds(90))
# Never two processes at once, and no restart that nobody asked for.
Set-ItemProperty -Path $Pool -Name 'recycling.disallowOverlappingRotation' -Value $true
Set-ItemProperty -Path $Pool -Name 'recycling.periodicRestart.time' -Value ([TimeSpan]::Zero)

Write-Host 'Folders and rights'
if (-not (Test-Path -Path $Logs)) { New-Item -Path $Logs -ItemType Directory | Out-Null }
Set-Rights -Path $Site -Right 'RX'
Set-Rights -Path $Configs -Right 'M'
$Environment = Split-Path -Path (Split-Path -Path $Program -Parent) -Parent
if (Test-Path -Path (Join-Path -Path $Environment -ChildPath 'pyvenv.cfg')) {
    Set-Rights -Path $Environment -Right 'RX'
}

Write-Host 'Site'
$SitePath = "IIS:\Sites\$Name"
if (-not (Test-Path -Path $SitePath)) {
    New-Website -Name $Name -PhysicalPath $Site -ApplicationPool $Name -HostHeader $ServerName -Port $Port -Ssl -SslFlags 1 | Out-Null
}
Set-ItemProperty -Path $SitePath -Name 'physicalPath' -Value $Site
Set-ItemProperty -Path $SitePath -Name 'applicationPool' -Value $Name
Set-ItemProperty -Path $SitePath -Name 'applicationDefaults.preloadEnabled' -Value $true
if (-not (Get-WebBinding -Name $Name -Protocol 'https' -Port $Port -HostHeader $ServerName)) {
    New-WebBinding -Name $Name -Protocol 'https' -Port $Port -HostHeader $ServerName -SslFlags 1
}
$Binding = Get-WebBinding -Name $Name -Protocol 'https' -Port $Port -HostHeader $ServerName
if ($Binding.certificateHash -ne $Thumbprint) {
    if ($Binding.certificateHash) { $Binding.RemoveSslCertificate() }
    $Binding.AddSslCertificate($Thumbprint, 'My')
}

Write-Host 'Who may come in'
$Root = 'MACHINE/WEBROOT/APPHOST'
# The Authorization header is regbridge's to judge, and files are read as the pool's account.
Set-WebConfigurationProperty -PSPath $Root -Location $Name -Filter 'system.webServer/security/authentication/anonymousAuthentication' -Name 'enabled' -Value $true
Set-WebConfigurationProperty -PSPath $Root -Location $Name -Filter 'system.webServer/security/authentication/anonymousAuthentication' -Name 'userName' -Value ''
foreach ($path in $InsidePaths) {
    $location = "$Name/$path"
    Clear-WebConfiguration -PSPath $Root -Location $location -Filter 'system.webServer/security/ipSecurity' -ErrorAction SilentlyContinue
    Set-WebConfigurationProperty -PSPath $Root -Location $location -Filter 'system.webServer/security/ipSecurity' -Name 'allowUnlisted' -Value $false
    foreach ($network in $Inside) {
        $address, $mask = $network -split '/', 2
        Add-WebConfigurationProperty -PSPath $Root -Location $location -Filter 'system.webServer/security/ipSecurity' -Name '.' -Value @{ ipAddress = $address; subnetMask = $mask; allowed = $true }
    }
}
if (Get-NetFirewallRule -Name "$Name-https" -ErrorAction SilentlyContinue) {
    Remove-NetFirewallRule -Name "$Name-https"
}
New-NetFirewallRule -Name "$Name-https" -DisplayName "$Name (HTTPS)" -Direction Inbound -Protocol TCP -LocalPort $Port -Action Allow | Out-Null

Write-Host 'Start'
if ((Get-WebAppPoolState -Name $Name).Value -ne 'Started') { Start-WebAppPool -Name $Name }
if ((Get-WebsiteState -Name $Name).Value -ne 'Started') { Start-Website -Name $Name }
Write-Host "Done. The log is in $Logs; values for the variables are asked for by:"
Write-Host "  & '$Program' deploy secrets '$(Join-Path -Path $Site -ChildPath 'web.config')'"
