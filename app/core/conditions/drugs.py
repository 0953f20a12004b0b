"""The drugs of each class by their generic names and the brands they are sold under in the United States: the one place
that treatment, searches and removals read them from.

Names are those of the FDA's Orange and Purple Books (https://www.accessdata.fda.gov/scripts/cder/ob/,
https://purplebooksearch.fda.gov); a row is a class, generic names before the bar and brands behind it.
"""

from __future__ import annotations

from collections.abc import Mapping

_ROWS: Mapping[str, str] = {
    "anticoagulant": """warfarin apixaban rivaroxaban dabigatran edoxaban enoxaparin dalteparin fondaparinux heparin
        | coumadin jantoven eliquis xarelto pradaxa savaysa lovenox fragmin arixtra""",
    "insulin": """insulin
        | humalog admelog lyumjev novolog fiasp apidra humulin novolin lantus basaglar semglee
        rezvoglar toujeo levemir tresiba soliqua xultophy afrezza myxredlin omnipod""",
    "glucose": """metformin glipizide glimepiride glyburide tolbutamide chlorpropamide sitagliptin linagliptin
        saxagliptin alogliptin pioglitazone rosiglitazone repaglinide nateglinide acarbose miglitol
        pramlintide teplizumab bromocriptine.*cycloset
        | glucophage glumetza fortamet riomet glucotrol amaryl diabeta glynase januvia zituvio
        tradjenta onglyza nesina actos avandia prandin starlix precose glyset symlin janumet
        jentadueto kombiglyze kazano oseni duetact actoplus tzield""",
    "glp-1": """semaglutide liraglutide dulaglutide exenatide lixisenatide tirzepatide albiglutide
        | ozempic rybelsus wegovy victoza saxenda trulicity byetta bydureon adlyxin mounjaro zepbound""",
    "sglt2": """empagliflozin dapagliflozin canagliflozin ertugliflozin bexagliflozin sotagliflozin
        | jardiance farxiga invokana steglatro brenzavvy inpefa synjardy xigduo glyxambi trijardy
        invokamet segluromet steglujan qtern""",
    "bronchodilator": """tiotropium umeclidinium aclidinium glycopyrrolate.*inhal revefenacin ipratropium olodaterol
        indacaterol roflumilast ensifentrine
        | spiriva incruse tudorza yupelri lonhala seebri atrovent combivent duoneb striverdi arcapta
        daliresp ohtuvayre breztri trelegy anoro stiolto bevespi duaklir utibron""",
    "airways": """albuterol levalbuterol salmeterol formoterol arformoterol vilanterol fluticasone.*inhal
        budesonide.*inhal mometasone.*inhal beclomethasone theophylline
        | proair ventolin proventil xopenex serevent perforomist brovana advair wixela airduo
        symbicort breyna breo dulera airsupra flovent arnuity pulmicort asmanex qvar alvesco theo-24""",
    "heart-failure": "sacubitril ivabradine vericiguat | entresto corlanor verquvo",
    "heart": """carvedilol metoprolol bisoprolol spironolactone eplerenone finerenone furosemide torsemide
        bumetanide metolazone hydralazine isosorbide digoxin lisinopril enalapril captopril ramipril
        quinapril benazepril fosinopril trandolapril perindopril losartan valsartan candesartan
        telmisartan irbesartan olmesartan
        | coreg toprol lopressor zebeta aldactone inspra kerendia lasix furoscix demadex soaanz bumex
        bidil lanoxin zestril prinivil vasotec altace cozaar diovan atacand""",
    "antidepressant": """sertraline fluoxetine citalopram escitalopram paroxetine fluvoxamine venlafaxine
        desvenlafaxine levomilnacipran duloxetine bupropion mirtazapine trazodone nefazodone
        vortioxetine vilazodone nortriptyline amitriptyline imipramine desipramine doxepin
        clomipramine phenelzine tranylcypromine selegiline.*transdermal esketamine
        dextromethorphan.*bupropion gepirone zuranolone
        | zoloft prozac celexa lexapro paxil effexor pristiq fetzima cymbalta drizalma wellbutrin
        aplenzin forfivo remeron desyrel trintellix viibryd pamelor elavil tofranil nardil parnate
        emsam spravato auvelity exxua zurzuvae""",
    "mood": """lithium aripiprazole quetiapine brexpiprazole cariprazine lurasidone olanzapine lamotrigine
        lumateperone
        | abilify seroquel rexulti vraylar latuda symbyax lamictal caplyta""",
    "dmard": """methotrexate hydroxychloroquine sulfasalazine leflunomide azathioprine minocycline adalimumab
        etanercept infliximab golimumab certolizumab abatacept tocilizumab sarilumab rituximab
        anakinra tofacitinib upadacitinib baricitinib
        | trexall otrexup rasuvo plaquenil azulfidine arava imuran humira amjevita cyltezo hadlima
        hyrimoz hulio idacio yusimry yuflyma simlandi enbrel erelzi eticovo remicade inflectra
        renflexis avsola simponi cimzia orencia actemra tyenne tofidence kevzara rituxan truxima
        ruxience riabni kineret xeljanz rinvoq olumiant""",
    "steroid": "prednisone prednisolone methylprednisolone | deltasone rayos medrol",
    "weight": "phentermine naltrexone.*bupropion orlistat | adipex lomaira qsymia contrave xenical",
    "breast": """tamoxifen toremifene anastrozole letrozole exemestane fulvestrant goserelin palbociclib
        ribociclib abemaciclib trastuzumab pertuzumab lapatinib neratinib tucatinib capecitabine
        elacestrant olaparib talazoparib alpelisib capivasertib inavolisib sacituzumab everolimus
        eribulin
        | soltamox nolvadex fareston arimidex femara kisqali aromasin faslodex zoladex ibrance
        verzenio herceptin herzuma kanjinti ogivri ontruzant trazimera phesgo perjeta kadcyla enhertu
        nerlynx tukysa tykerb xeloda orserdu lynparza talzenna piqray truqap itovebi trodelvy afinitor
        halaven""",
    "lung": """osimertinib erlotinib gefitinib afatinib dacomitinib alectinib brigatinib lorlatinib
        crizotinib pembrolizumab nivolumab ipilimumab atezolizumab durvalumab cemiplimab pemetrexed
        carboplatin cisplatin etoposide sotorasib adagrasib capmatinib tepotinib selpercatinib
        amivantamab lurbinectedin tarlatamab
        | tagrisso tarceva iressa gilotrif vizimpro alecensa alunbrig lorbrena xalkori keytruda opdivo
        yervoy tecentriq imfinzi libtayo alimta pemfexy lumakras krazati tabrecta tepmetko retevmo
        rybrevant zepzelca imdelltra""",
    "colon": """fluorouracil.inj capecitabine oxaliplatin irinotecan folfox folfiri bevacizumab cetuximab
        panitumumab regorafenib trifluridine fruquintinib ramucirumab encorafenib
        | adrucil xeloda eloxatin camptosar avastin mvasi zirabev erbitux vectibix stivarga lonsurf
        fruzaqla cyramza braftovi""",
    "prostate": """leuprolide leuprorelin goserelin triptorelin degarelix relugolix histrelin abiraterone
        enzalutamide apalutamide darolutamide bicalutamide flutamide nilutamide docetaxel cabazitaxel
        sipuleucel radium.223
        | lupron eligard fensolvi camcevi zoladex trelstar firmagon orgovyx vantas zytiga yonsa akeega
        xtandi erleada nubeqa casodex taxotere jevtana provenge xofigo pluvicto""",
    "bladder": """bcg(?!.{0,12}vaccin) intravesical mitomycin valrubicin enfortumab erdafitinib nadofaragene
        nogapendekin
        | tice.bcg valstar jelmyto zusduri padcev balversa adstiladrin anktiva""",
    "thyroid": """levothyroxine liothyronine thyrotropin radioiodine radioactive.iodine vandetanib cabozantinib
        | synthroid levoxyl unithroid tirosint euthyrox armour.thyroid cytomel thyrogen caprelsa
        cometriq cabometyx""",
    "antineoplastic": """imatinib dasatinib nilotinib bosutinib ponatinib asciminib ibrutinib acalabrutinib
        zanubrutinib pirtobrutinib venetoclax lenalidomide pomalidomide thalidomide bortezomib
        carfilzomib ixazomib daratumumab rituximab obinutuzumab azacitidine decitabine hydroxyurea
        ruxolitinib sunitinib pazopanib axitinib sorafenib lenvatinib gemcitabine paclitaxel
        cyclophosphamide niraparib rucaparib dabrafenib trametinib vemurafenib mitotane temozolomide
        octreotide lanreotide megestrol interferon
        | gleevec sprycel tasigna bosulif iclusig scemblix imbruvica calquence brukinsa jaypirca
        venclexta revlimid pomalyst thalomid velcade kyprolis ninlaro darzalex rituxan gazyva vidaza
        dacogen hydrea jakafi sutent votrient inlyta nexavar lenvima gemzar taxol abraxane cytoxan
        zejula rubraca tafinlar mekinist zelboraf lysodren temodar sandostatin somatuline megace""",
}

#: Class -> the beginnings of words by which its drugs are called.
CLASSES: Mapping[str, tuple[str, ...]] = {
    name: tuple(word for word in row.split() if word != "|") for name, row in _ROWS.items()
}


def names(*classes: str) -> tuple[str, ...]:
    """The words of some classes, each once."""
    return tuple(dict.fromkeys(word for name in classes for word in CLASSES[name]))
