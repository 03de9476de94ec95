/** The hues of the classes on a light background, as variables. */
const LIGHT_HUES =
    "--h0:#1d6fb8;--h1:#c2560a;--h2:#2b8540;--h3:#7d4fc4;--h4:#c2304e;--h5:#0d8289;--h6:#8a6a14;--h7:#b0388f;--hx:#78818c";

/**
 * The design has one column, one accent colour and generous spacing. Colours are tokens; a shade is the accent or ink
 * mixed into the paper.
 */
export const STYLES = `
:root{color-scheme:light dark;--paper:#fdfdfc;--ink:#1b2026;--soft:#57606b;--line:#e2e5e9;--strong:#c3c9d1;--wash:#f4f5f6;--accent:#0a5ca3;--on:#fff;--warm:#8a4b08;${LIGHT_HUES}}
@media(prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e6e9ed;--soft:#a2acb8;--line:#2b3139;--strong:#4a535e;--wash:#1c2026;--accent:#7ab6f5;--on:#0b1723;--warm:#f0b56a;--h0:#6cb2f2;--h1:#f0954a;--h2:#62c77a;--h3:#b797f0;--h4:#f27a8c;--h5:#45c4cb;--h6:#d0b058;--h7:#ea86ce;--hx:#8f99a5}}
${hues()}
*{box-sizing:border-box}
[hidden]{display:none!important}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0 auto;max-width:67rem;padding:3.5rem 2rem 4rem;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif;overflow-wrap:anywhere}
h1,h2,p,ul,ol,dl,dd,figure{margin:0;padding:0}
ul,ol{list-style:none}
h1{font-size:clamp(2rem,5vw,2.75rem);line-height:1.15;font-weight:650;letter-spacing:-.022em}
h1{text-wrap:balance}p,dd,figcaption{text-wrap:pretty}
h1.long{font-size:1.6rem}
h2{font-size:1.4rem;line-height:1.3;font-weight:650;letter-spacing:-.012em;margin-bottom:.75rem}
section{margin-top:4rem}
section>p{max-width:44rem;margin-bottom:1.25rem}
a{color:var(--accent);text-underline-offset:.18em;text-decoration-thickness:1px}
code{font:.92em ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
i{color:var(--soft)}
small{font-size:.8rem}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.eyebrow{color:var(--accent);font-size:.85rem;font-weight:600;letter-spacing:.02em;margin-bottom:.35rem}
.lead{font-size:1.15rem;color:var(--soft);margin-top:.5rem;max-width:44rem}
.lead b{color:var(--ink);font-weight:600}
.fine{margin:0 0 1rem;font-size:.88rem;color:var(--soft);max-width:46rem}
.track{fill:var(--line)}.fill{fill:var(--hue,var(--accent))}
.dot::before{content:"●\\a0";content:"●\\a0"/"";color:var(--hue,var(--accent))}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin-bottom:1rem;font-size:.9rem}
.columns{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(13.5rem,100%),1fr));gap:1.75rem 2rem}
.columns svg{display:block;width:100%;height:60px;margin-top:.3rem}
.columns li{min-width:0}.columns small{color:var(--soft)}.fold .columns{margin-top:1rem}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(17rem,100%),1fr));gap:1.5rem 2rem;align-items:start}
.curve{fill:none;stroke:var(--accent);stroke-width:2.5;stroke-linejoin:round}
#threshold{background:var(--wash);border-radius:14px;padding:1.1rem 1.6rem;margin-bottom:1.5rem}
#threshold label{font-weight:600}#threshold output{color:var(--accent)}
#threshold input{display:block;width:100%;min-height:2rem;margin-top:.4rem;accent-color:var(--accent)}
#shares:not(:empty){margin-top:.9rem;max-width:34rem}
#shares li{display:grid;grid-template-columns:minmax(5rem,11rem) 1fr 4.5rem;gap:.75rem;align-items:center;font-size:.9rem;line-height:1.8}
#shares b{text-align:right;font-weight:600;font-variant-numeric:tabular-nums}
.meter{height:8px;border-radius:4px;background:linear-gradient(to right,var(--hue) calc(100%*var(--share)),var(--line) 0)}
.headline{display:grid;grid-template-columns:minmax(11rem,auto) 1fr;gap:1rem 3rem;align-items:start;margin-top:2.5rem;padding:1.9rem 2rem;background:var(--wash);border-radius:14px}
.figure{color:var(--soft);line-height:1.3}
.figure b{display:block;font-size:clamp(2.8rem,8vw,3.75rem);line-height:1.05;font-weight:650;letter-spacing:-.035em;color:var(--accent);font-variant-numeric:tabular-nums;white-space:nowrap}
.words p{max-width:38rem}.words .fine{margin:0}
.bars{margin:1rem 0;max-width:34rem}
.bars div{display:grid;grid-template-columns:11rem 1fr;gap:.75rem;align-items:center;font-size:.9rem;line-height:1.9}
.bars dt{color:var(--soft)}
.bars dd{display:grid;grid-template-columns:1fr 4.5rem;gap:.75rem;align-items:center;font-variant-numeric:tabular-nums;font-weight:600}
.bars .other .fill{fill:var(--strong)}.bars .other dd{font-weight:400}
.share{display:block;width:100%;height:8px;border-radius:4px}
nav{margin-top:2rem;border-bottom:1px solid var(--line)}
nav ul{display:flex;flex-wrap:wrap;gap:0 1.6rem}
nav a{display:block;padding:.55rem 0;text-decoration:none;font-size:.95rem}
nav a:hover{text-decoration:underline}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;margin-bottom:1rem}
caption,.caption{text-align:left;font-weight:600;padding-bottom:.6rem}
th,td{text-align:left;padding:.45rem .75rem .45rem 0;border-top:1px solid var(--line);vertical-align:top;font-weight:400}
.worst th,.worst td{overflow-wrap:break-word}
thead th{overflow-wrap:break-word;color:var(--soft);font-size:.85rem;border-top:0;vertical-align:bottom}
th:last-child,td:last-child{padding-right:0}
.number{text-align:right;white-space:nowrap}
.measures th:nth-child(n+3),.importances th:nth-child(n+3),.counts th:nth-child(n+2),.numbers-last thead th:last-child,.trials th:nth-child(2),.trials th:nth-child(3),.worst th:nth-child(4){text-align:right}
.trials .bar-cell{width:22%;padding-left:.75rem}
.numbers-last th:nth-last-child(2):nth-child(3){text-align:right}
.bar-cell{width:32%;min-width:3.5rem;vertical-align:middle;padding-right:1.25rem}
.importances th[scope=row]{width:38%}
.measures th[scope=row]{width:26%}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(22rem,100%),1fr));gap:0 3rem;align-items:start}
.plain th[scope=row]{width:38%}
.whisker{display:block;width:100%;height:15px;min-width:6rem}
.whisker .range{fill:var(--strong)}
.best th,.best td{font-weight:600}
.tag{display:inline-block;white-space:nowrap;background:var(--accent);color:var(--on);border-radius:99px;padding:0 .6em;font-size:.75rem;font-weight:600;line-height:1.6}
.scroll{overflow-x:auto;position:relative}
.matrix{width:auto;border-collapse:separate;border-spacing:3px;margin:0 -3px 2rem}
.matrix th,.matrix td{border:0;padding:.35rem .6rem}
.matrix thead th{text-align:center;max-width:9rem;font-size:.9rem}
.corner{font-size:.78rem;color:var(--soft);text-align:right;vertical-align:bottom;white-space:nowrap}
.slim .bar-cell,.slim th:nth-child(2){display:none}
.wires{display:none}
.lead a{white-space:nowrap}
.caption+.fine{margin-bottom:.6rem}.caption{padding-bottom:.2rem}
.matrix tbody th{overflow-wrap:break-word;text-align:right;padding-left:0;max-width:14rem;vertical-align:middle;font-size:.9rem}
.matrix tbody td{text-align:center;min-width:5.2rem;height:3.4rem;vertical-align:middle;border-radius:7px;background:var(--wash);line-height:1.25}
.matrix td b{display:block;font-weight:600;font-size:1.05rem}
.matrix .none b{color:var(--soft);font-weight:400}
.steep thead span{writing-mode:vertical-rl;transform:rotate(180deg);max-height:9rem;display:inline-block;text-align:left}
.matrix.steep tbody td{min-width:3.3rem;padding:.2rem;height:2.9rem}
.matrix.steep small{font-size:.7rem}
.matrix .right{box-shadow:inset 0 0 0 2px var(--hue)}
${shades(".matrix .right", "var(--hue)", 4.5)}
${shades(".matrix .wrong", "var(--ink)", 4)}
dl.facts div{display:grid;grid-template-columns:11rem 1fr;gap:.25rem 1rem;padding:.5rem 0;border-top:1px solid var(--line)}
dl.facts{margin-bottom:2rem}
dl.facts dt{color:var(--soft)}
.notice{border-left:3px solid var(--warm);background:var(--wash);border-radius:0 8px 8px 0;padding:.8rem 1.1rem;margin-bottom:1.5rem;max-width:46rem}
.notice b{color:var(--warm)}
.notice li{margin-top:.3rem}
summary{cursor:pointer}
.fold>summary{color:var(--accent);padding:.3rem 0;width:fit-content}
.pair{display:grid;grid-template-columns:minmax(0,1.1fr) minmax(0,1fr);gap:2.5rem;align-items:start}
figcaption{font-size:.88rem;color:var(--soft);margin-top:.5rem}
svg text{fill:var(--soft);font-size:14px}
.scatter svg,.histogram svg{display:block;width:100%;height:auto}
.scatter .axis{fill:var(--ink);font-weight:600}
.grid{stroke:var(--line);fill:none}
.diagonal{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:5 4;fill:none}
.points{fill:var(--accent);fill-opacity:.62}.points.dense{fill-opacity:.35}
.histogram{margin-top:1.5rem}
.histogram text{font-size:12px}
.bins{fill:var(--accent);fill-opacity:.75}
.zero{stroke:var(--ink);stroke-dasharray:4 3}.base{stroke:var(--strong)}
.icicle{margin:0 0 1.75rem}
.icicle svg{display:block;width:100%}
.icicle .box{width:auto}
.icicle rect{fill:var(--shade);stroke:var(--paper);stroke-width:1.5px}
.icicle text{fill:var(--ink);font-size:13px}
${shades(".icicle .box", "var(--hue,var(--accent))", 4.5)}
.icicle .on rect{fill:var(--accent)}.icicle .on text{fill:var(--on)}
#row{background:var(--wash);border-radius:14px;padding:1.4rem 1.6rem 1.5rem;margin-bottom:1.75rem}
.fields{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(12.5rem,100%),1fr));gap:1rem 1.25rem;margin-bottom:1rem}
.field label{display:block;font-size:.9rem;font-weight:600;margin-bottom:.2rem}
.field input,.field select{width:100%;font:inherit;color:inherit;background:var(--paper);border:1px solid var(--soft);border-radius:8px;padding:.4rem .65rem;min-height:2.6rem}
.field [aria-invalid]{border:2px solid var(--warm)}
.hint{display:block;font-size:.8rem;color:var(--soft);margin-top:.2rem}
.fields+.fold{margin-bottom:1rem}
.result{display:flex;flex-wrap:wrap;gap:.75rem 1.25rem;align-items:center;justify-content:space-between}
#answer{font-size:1.2rem;font-weight:600}
#answer.found{color:var(--accent)}#answer.wrong{color:var(--warm)}
#way{font-size:.92rem;color:var(--soft);display:flex;flex-wrap:wrap;gap:.15rem 1.4rem}
#way:not(:empty){margin-top:.5rem}
#way b{color:var(--ink)}
button{font:inherit;font-size:.92rem;color:var(--accent);background:transparent;border:1px solid var(--strong);border-radius:8px;padding:.4rem .95rem;min-height:2.4rem;cursor:pointer}
button:hover{background:var(--wash);border-color:var(--accent)}
.tree+.fine{margin-top:1.25rem}
.tools{display:flex;gap:.6rem;margin-bottom:1rem}
.tree{font-size:.95rem;line-height:1.4}
.tree:not(.chart){max-width:50rem}
.tree ul{padding-left:1.6rem;border-left:1px solid var(--line);margin-left:.7rem}
.tree li li li li li li li li ul{padding-left:.2rem;margin-left:.1rem}
.tree li{position:relative}
.node{display:grid;grid-template-columns:minmax(0,1fr) 7rem;gap:.1rem 1rem;align-items:center;padding:.5rem .75rem;border-radius:9px;border:1px solid transparent}
.line{grid-column:1}
.edge{display:inline-block;font-size:.8rem;color:var(--soft);line-height:1.35;border:1px solid var(--line);border-radius:6px;padding:0 .45em;margin-right:.45rem;background:var(--paper)}
.on>.node .edge,.on>details>.node .edge{color:var(--accent);border-color:var(--accent)}
.question,.answer{font-weight:600}
.answer{color:var(--accent)}.cut .answer{color:var(--soft);font-weight:400}
.rows{font-size:.82rem;color:var(--soft);grid-column:1}
.bar{display:block;width:100%;height:6px;border-radius:3px;grid-column:2;grid-row:1/3}
.tree summary{list-style:none}
.tree summary::-webkit-details-marker{display:none}
.tree summary:hover{background:var(--wash)}
.tree summary .line::before{content:"";display:inline-block;width:.5em;height:.5em;margin-right:.6em;border:solid var(--soft);border-width:0 2px 2px 0;transform:translateY(-.12em) rotate(-45deg)}
.tree [open]>summary .line::before{transform:translateY(-.22em) rotate(45deg)}
.tree .on>.node,.tree .on>details>.node{border-color:var(--accent);background:color-mix(in srgb,var(--accent) 9%,var(--paper))}
.tree .end>.node,.tree .end>details>.node{box-shadow:inset 0 0 0 1px var(--accent)}
.tree .on>details>ul:has(>.on){border-color:var(--accent)}
footer{margin-top:5rem;padding-top:1.25rem;border-top:1px solid var(--line);font-size:.88rem;color:var(--soft)}
@media(min-width:62rem){
.chart{display:flex;justify-content:center;font-size:.9rem}
.chart ul{display:flex;padding:0;margin:0;border:0}
.chart li{flex:1 1 0;min-width:0}
.chart .w2{flex-grow:2}.chart .w3{flex-grow:3}.chart .w4{flex-grow:4}.chart .w5{flex-grow:5}.chart .w6{flex-grow:6}
.chart .node{display:block;text-align:center;border-color:var(--line);background:var(--paper);width:fit-content;min-width:min(7.4rem,100% - .6rem);max-width:min(17rem,100% - .6rem);margin:0 auto;padding:.6rem .7rem .7rem}
.chart .node>.rows{display:block}
.chart .bar{margin-top:.45rem}
.chart .edge{position:absolute;top:-1.85rem;left:50%;transform:translateX(-50%);width:max-content;max-width:96%;margin:0}
.chart .which{display:none}
.chart .wires{display:block;width:100%;stroke:var(--strong)}
.chart details:has(>ul>li:first-child.on)>.wires .to-yes,.chart details:has(>ul>li:last-child.on)>.wires .to-no,.chart details:has(>ul>.on)>.wires .trunk{stroke:var(--accent);stroke-width:2}
}
@media(max-width:40rem){
body{padding:1.75rem 1rem 3rem}
section{margin-top:3rem}
.headline{grid-template-columns:minmax(0,1fr);padding:1.25rem;margin-top:1.75rem}
.bars div{grid-template-columns:1fr;gap:0;line-height:1.6;margin-bottom:.4rem}
.pair{grid-template-columns:minmax(0,1fr);gap:1.5rem}
dl.facts div{grid-template-columns:1fr;gap:0}
nav ul{gap:0 1.2rem}
#row{padding:1.1rem}
.bar-cell{width:20%;min-width:2.5rem;padding-right:.6rem}
th,td{padding-right:.5rem}
.measures,.numbers-last,.worst{font-size:.88rem}
.tree ul{padding-left:.5rem;margin-left:.3rem}
.tree li li li li li li li li ul{padding-left:0;margin-left:0}
.node{grid-template-columns:minmax(0,1fr);padding:.4rem .5rem}
.bar{grid-column:1;grid-row:auto}
.icicle .wide{display:none}
.matrix tbody td{min-width:4rem}.matrix.steep tbody td{min-width:2.5rem}
.corner{white-space:normal;overflow-wrap:break-word}
.matrix tbody th{max-width:7rem}
.measures .bar-cell,.measures th:nth-child(2),.trials .bar-cell,.trials th:nth-child(4){display:none}
}
@media print{
@page{size:A4;margin:16mm 15mm}
:root{color-scheme:light;--paper:#fff;--ink:#111;--soft:#444;--line:#ccc;--strong:#aaa;--wash:#f4f5f6;--accent:#0a5ca3;--on:#fff;--warm:#8a4b08;${LIGHT_HUES}}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
html{font-size:13px}
body{max-width:none;padding:0}
nav,form,.tools{display:none!important}
section{margin-top:2rem}
h2,caption{break-after:avoid}
tr,.node,figure,.headline,.notice,.columns li,dl.facts div{break-inside:avoid}
.worst{font-size:.8rem}.worst th,.worst td{overflow-wrap:anywhere}.columns{grid-template-columns:repeat(3,1fr)}.plots{grid-template-columns:repeat(2,1fr)}
.scroll{overflow:visible}
.matrix tbody td{min-width:2.6rem;height:2.6rem}
.matrix th,.matrix td{overflow-wrap:anywhere}
.matrix{table-layout:fixed;width:100%;margin:0 0 1.5rem}.corner{width:22%;white-space:normal}
.matrix.steep tbody td{min-width:0;height:2rem;padding:.1rem}
.matrix.steep small{font-size:.62rem}
.matrix.steep b{font-size:.85rem}
.trials{font-size:.85rem}
.tree{line-height:1.3}
.node{padding:.15rem .4rem}.tree ul{padding-left:1rem;margin-left:.4rem}.tree li li li li li li li li ul{padding-left:.1rem;margin-left:0}
.tree summary .line::before{display:none}
.tree details:not([open],.paper)>summary .line::after{content:" (folded)";color:var(--soft)}
.tree{max-width:none!important}
.headline{padding:1.2rem 1.4rem}
.paper::details-content{content-visibility:visible;block-size:auto;display:block}
.icicle .wide{display:none}
footer{margin-top:2rem}
}
@media(forced-colors:active){
.points,.bins{fill:Highlight}.track{fill:GrayText}.dot::before,.meter{forced-color-adjust:none}
.tree .on>.node,.tree .on>details>.node{border:2px solid Highlight}
}
`;

/** Nine shades, from a barely visible one to the strongest one on which text is still readable. */
function shades(selector: string, colour: string, step: number): string {
    const property = selector.startsWith(".icicle") ? "--shade" : "background";
    return Array.from(
        { length: 10 },
        (_, level) =>
            `${selector}.q${level}{${property}:color-mix(in srgb,${colour} ${4 + level * step}%,var(--paper))}`,
    ).join("\n");
}

/** A CSS class for the hue of each class of the target, and one for all other classes. */
function hues(): string {
    return [..."01234567x"].map((hue) => `.h${hue}{--hue:var(--h${hue})}`).join("");
}
