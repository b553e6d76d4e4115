import { startChild, stopChild } from '/work/wt/devices/lab/child.ts';
import { measure } from '/work/wt/devices/bench/ingest/measure.ts';
import { startStage, TELEMETRY } from '/work/wt/devices/bench/support/stage.ts';
const contender=(name,bundle)=>({name,table:TELEMETRY,part:1,start:({broker,databaseUrl,log})=>{const child=startChild(process.execPath,[bundle,'--mode','worker'],{stdio:['ignore',log,log],env:{PATH:process.env.PATH,MQTT_CLIENT_ID:'bench',MQTT_BROKER_CA:broker.caFile,MQTT_BROKER_URL:`mqtts://${broker.host}:${broker.port}`,MQTT_BROKER_USERNAME:broker.username,MQTT_BROKER_PASSWORD:broker.password,EXTERNAL_DATABASE_CONNECTION_STRING:databaseUrl}});return{pid:child.pid,stop:()=>stopChild(child)}}});
const both=[contender('before','/tmp/devices/before/main.mjs'),contender('after','/tmp/devices/after/main.mjs')];
const stage=await startStage();const res={before:[],after:[]};
try{for(let r=0;r<6;r++){for(const c of (r%2?both:[...both].reverse())){const x=await measure(stage,c,60000);res[c.name].push(x);console.log(r,c.name,Math.round(x.rowsPerSecond),'rows/s cpu',x.collectorCpu.toFixed(2),'db',x.databaseCpu.toFixed(2),'lost',x.lost)}}}finally{await stage.stop()}
const med=a=>a.toSorted((x,y)=>x-y)[a.length>>1];
console.log('median rows/s ratio after/before',(med(res.after.map(x=>x.rowsPerSecond))/med(res.before.map(x=>x.rowsPerSecond))).toFixed(3),'cpu',(med(res.after.map(x=>x.collectorCpu))/med(res.before.map(x=>x.collectorCpu))).toFixed(3),'db',(med(res.after.map(x=>x.databaseCpu))/med(res.before.map(x=>x.databaseCpu))).toFixed(3));
