import asyncio, sys
from pathlib import Path
from types import SimpleNamespace
sys.path.insert(0, str(Path(__file__).parent))
from dataclasses import replace
from starlette.applications import Starlette
from starlette.routing import Route
from carnet.portal.assets import PREFIX
from carnet.portal.security_headers import SecurityHeaders
from starlette.middleware import Middleware
from carnet.demo.people import PAT_TROIS, MEDECIN_TRAITANT
from carnet.demo.years_of_care import years_of_care
from carnet.portal.professional.caller import Caller
from carnet.portal.professional.pro_space import ProSpace
from carnet.portal.professional.pro_visit import ProVisit, Opening
from carnet.portal.professional import pro_summary_page, pro_comparison_page, pro_timeline_page
from carnet.clock import DAY
from health_house import put
from chromium import browse
S=Path(__file__).parents[2].parent/"shared"/"samples"/"cda"
NAMES="VSM_1.4_2022.01 IPS-FR_2024.01 LDL-SES_2022.01 eP-MED-DM_2024.01_PosoNonStruct VAC_2023.01 BIO-CR-BIO_2024.01_Glycemie_mole CARD-F-PRC-AVK_2022.01 BIO-CR-BIO_2024.01_TSH_2 IMG_CR_IMG_2024.01 AVC-AUNV_2022.01".split()
OUT=Path("/tmp/look_summary"); OUT.mkdir(exist_ok=True)
def test_look(open_house):
    house=open_house(tls_enabled=False, declared_proxies=())
    for n in NAMES:
        try: put(house,(S/f"{n}.xml").read_bytes())
        except Exception as e: print(n,e)
    for _n,c in years_of_care(house.now): put(house,c)
    house.index()
    caller=Caller("s",replace(house.caller(),patient=None),b"k"*32,house.now,"Cabinet")
    class Callers:
        def caller(self,request): return caller
        def routes(self): return ()
    space=ProSpace(house.gate,callers=Callers())
    opening=Opening("h1",PAT_TROIS.identifier,None)
    def page(work):
        async def answered(request): return await work(ProVisit(space,request,caller,opening))
        return space.endpoint(answered)
    P="/pro/patients/{handle}"
    app=Starlette(routes=[Route(f"{PREFIX}{{name}}", space.assets.serve),Route(P,page(pro_summary_page.show)),Route(P+"/resultats",page(pro_comparison_page.table)),Route(P+"/resultats/{examen}",page(pro_comparison_page.history)),Route(P+"/chronologie",page(pro_timeline_page.show))],middleware=[Middleware(SecurityHeaders)])
    def walk(chromium,address):
        for w,h in ((1440,900),(390,844)):
            c=chromium.new_context(viewport={"width":w,"height":h},locale="fr-FR"); p=c.new_page()
            p.on("console",lambda m:print("CONSOLE",m.text))
            for name,path in (("summary",""),("results","/resultats"),("history","/resultats/2823-3"),("timeline","/chronologie"),("t2021","/chronologie?annee=2021")):
                a=p.goto(f"{address}/pro/patients/h1{path}"); print(w,name,a.status,p.evaluate("[document.documentElement.scrollWidth,document.documentElement.scrollHeight]"))
                p.screenshot(path=str(OUT/f"{name}-{w}.png"),full_page=True)
                (OUT/f"{name}.html").write_text(p.content())
    browse(app,walk)
