#!/bin/sh
# Records a running environment for `npm run ops -- adopt`: what az prints of each resource, as JSON files in a folder. It only
# reads, and no secret gets into a file: of an app setting only its name is kept and whether it refers to Key Vault, and of the
# storage account that the app works with its name.
#
#   sh ops/adopt/record.sh GROUP VM FUNCTION_APP FOLDER
#
# With BROKER_SSH=azureuser@HOST it also looks at the broker's configuration (user names, listeners, certificate, sessions), and with
# DATABASE_URL at the table public.telemetry (columns, row security), the names that are taken, and who signs in.
set -eu
umask 077

if [ $# -ne 4 ]; then
  echo 'usage: sh ops/adopt/record.sh GROUP VM FUNCTION_APP FOLDER' >&2
  exit 2
fi
group=$1 vm=$2 app=$3 folder=$4
here=$(dirname "$0")
mkdir -p "$folder"

# save FILE WORD...: az's answer, or none of it.
save() {
  file=$1
  shift
  echo "$file.json" >&2
  az "$@" --output json >"$folder/.part"
  mv "$folder/.part" "$folder/$file.json"
}
# look QUERY WORD...: one value.
look() {
  query=$1
  shift
  az "$@" --query "$query" --output tsv
}

save account account show --query '{id: id, name: name, state: state}'
save group group show --name "$group"
save resources resource list --resource-group "$group"
save locks lock list --resource-group "$group"
save vm vm show --resource-group "$group" --name "$vm"
save disk disk show --ids "$(look storageProfile.osDisk.managedDisk.id vm show --resource-group "$group" --name "$vm")"

nic=$(look 'networkProfile.networkInterfaces[0].id' vm show --resource-group "$group" --name "$vm")
save nic network nic show --ids "$nic"
subnet=$(look 'ipConfigurations[0].subnet.id' network nic show --ids "$nic")
save vnet network vnet show --ids "${subnet%/subnets/*}"
# The name's spelling depends on the version of az.
address=$(look 'ipConfigurations[0].(publicIPAddress || publicIpAddress).id' network nic show --ids "$nic")
save public-ip network public-ip show --ids "$address"
nsg=$(look 'networkSecurityGroup.id' network nic show --ids "$nic")
if [ -z "$nsg" ]; then nsg=$(look 'networkSecurityGroup.id' network vnet subnet show --ids "$subnet"); fi
save nsg network nsg show --ids "$nsg"

save functionapp functionapp show --resource-group "$group" --name "$app"
save functionapp-config functionapp config show --resource-group "$group" --name "$app"
save appsettings functionapp config appsettings list --resource-group "$group" --name "$app" \
  --query "[].{name: name, reference: starts_with(value || '', '@Microsoft.KeyVault('), slotSetting: slotSetting}"
# The account's name alone, out of the connection string or from the setting that stands for it.
echo function-storage.txt >&2
names="'AzureWebJobsStorage', 'AzureWebJobsStorage__accountName', 'AzureWebJobsStorage__blobServiceUri'"
look "[?contains([$names], name)].value" \
  functionapp config appsettings list --resource-group "$group" --name "$app" |
  sed -n -e 's/.*AccountName=\([a-z0-9]*\).*/\1/p' -e 's|^https://\([a-z0-9]*\)\.blob\..*|\1|p' \
    -e '/^[a-z0-9]\{3,24\}$/p' | head -1 >"$folder/function-storage.txt"
# Who the app signs in to the database as: what stands before the first colon of a connection string.
echo database-role.txt >&2
look "[?starts_with(value || '', 'postgres')].value" functionapp config appsettings list --resource-group "$group" --name "$app" |
  sed -n -E 's#^postgres(ql)?://([^:@/]+)[:@].*#\2#p' | sort -u >"$folder/database-role.txt"
plan=$(look 'appServicePlanId || serverFarmId || properties.serverFarmId' functionapp show --resource-group "$group" --name "$app")
save plan appservice plan show --ids "$plan"
save storage storage account list --resource-group "$group"
storage=$(cat "$folder/function-storage.txt")
if [ -n "$storage" ] && [ -n "$(look "[?name=='$storage'].name" storage account list --resource-group "$group")" ]; then
  save blob-service storage account blob-service-properties show --resource-group "$group" --account-name "$storage"
  save containers storage container-rm list --resource-group "$group" --storage-account "$storage"
  save shares storage share-rm list --resource-group "$group" --storage-account "$storage"
  # Most accounts have none, and then az fails.
  if az storage account management-policy show --resource-group "$group" --account-name "$storage" --output json \
    >"$folder/.part" 2>/dev/null; then mv "$folder/.part" "$folder/lifecycle.json"; else rm -f "$folder/.part"; fi
fi
save ssh-keys sshkey list --resource-group "$group"

if [ -n "${BROKER_SSH:-}" ]; then
  echo broker.txt >&2
  # shellcheck disable=SC2016 # expanded on the broker's machine
  ssh "$BROKER_SSH" 'sudo sh -s' >"$folder/broker.txt" <<'END'
cut -d: -f1 /etc/mosquitto/passwd* | sort -u | sed 's/^/user /'
cat /etc/mosquitto/mosquitto.conf /etc/mosquitto/conf.d/*.conf |
  grep -E '^(listener|port|allow_anonymous|password_file|acl_file|cafile|certfile|keyfile) '
certificate=$(cat /etc/mosquitto/mosquitto.conf /etc/mosquitto/conf.d/*.conf | sed -n 's/^certfile //p' | head -1)
openssl x509 -noout -issuer -subject -enddate -in "$certificate"
# How often a client came without a session that it keeps (c1), and with one (c0), as the log says of each.
zcat -f /var/log/mosquitto/mosquitto.log* 2>/dev/null |
  sed -nE 's/.*: New client connected from .* \(p[0-9]+, c([01]), k[0-9]+.*/\1/p' | sort | uniq -c |
  sed -E -e 's/^ *([0-9]+) 1$/session clean \1/' -e 's/^ *([0-9]+) 0$/session persistent \1/'
END
fi

if [ -n "${DATABASE_URL:-}" ]; then
  echo telemetry.json database.json >&2
  # npm changes into the checkout's folder.
  npm --prefix "$here/../.." run --silent ops -- adopt record-database "$(cd "$folder" && pwd)"
fi
echo "recorded in $folder; next: npm run ops -- adopt --from $folder --stack NAME" >&2
