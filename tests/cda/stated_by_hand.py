"""What the public examples state of problems, history, allergies, medicines and vaccinations, read by people out of their XML and text.

Nothing here was made by the product. Problems are (words, beginning, end, standing and certainty), "not" before what is denied; medicines are
(name, beginning, end), injections (name, day, end, rank). What is not the patient's is not here: the child's problems and medicine of OBP-SAP, and the INR that
stands beside a problem of CARD-F-PRC-PPV. DLU-EHPAD-FLUDT has an entry of a medicine that names none. CSE-CS24 says « Allergie alimentaire : Oui ».
"""

Said = dict[str, list[tuple[str, ...]]]
STATED_BY_HAND: dict[str, Said] = {
    "AVC-AUNV_2022.01": {
        "active": [
            ("not Hypertension artérielle", "20180923", "", ""),
            ("Diabète sucré de type 1", "20180923", "", ""),
            ("Migraine sans aura [migraine commune]", "20180923", "", ""),
            ("Apnée du sommeil", "20180923", "", ""),
        ],
        "past": [
            ("Infarctus cérébral, sans précision", "20100811", "", ""),
            ("not Accident ischémique cérébral transitoire, sans précision", "201809232030", "", ""),
            ("Hypertension intracrânienne bénigne", "201809232030", "", ""),
            (
                "not Accident vasculaire cérébral, non précisé comme étant hémorragique ou par infarctus",
                "201809232030",
                "",
                "",
            ),
            ("Hémorragie sousarachnoïdienne, sans précision", "201809232030", "", ""),
            ("not Infarctus aigu du myocarde, sans précision", "201809232030", "", ""),
            ("not Angine de poitrine instable", "201809232030", "", ""),
            ("Embolie et thrombose des artères des membres inférieurs", "2006", "", ""),
            ("Angine de poitrine, sans précision", "2006", "", ""),
            ("Fibrillation et flutter auriculaires", "2006", "", ""),
            ("Comorbidité", "2006", "", ""),
            ("not Démence, sans précision", "2006", "", ""),
            ("not Tumeur maligne de siège non précisé", "2006", "", ""),
        ],
    },
    "AVC-PAVC_2022.01": {
        "active": [
            ("not Infarctus cérébral, sans précision", "", "", ""),
            ("Risque de récidive", "", "", ""),
            ("Hypertension essentielle (primitive)", "", "", ""),
            ("not Diabète sucré, sans précision", "", "", ""),
            ("not Obésité, sans précision", "", "", ""),
            ("not Troubles mentaux et du comportement liés à l'utilisation de tabac", "", "", ""),
            ("not Anomalies du métabolisme des lipoprotéines et autres lipidémies", "", "", ""),
            ("not Maladie cardiovasculaire, sans précision", "", "", ""),
            ("not Hématologique", "", "", ""),
            ("not maladie héréditaire", "", "", ""),
            ("not ALD", "", "", ""),
            ("not Surhandicap", "", "", ""),
            ("not Plurihandicap", "", "", ""),
            ("not Polyhandicap", "", "", ""),
            ("not Polypathologies", "", "", ""),
        ],
    },
    "CANCER-D2LM-FIN_2022.01": {
        "past": [
            ("Mammographie", "20070328", "", ""),
            ("Traitement hormonal substitutif de la ménopause en cours", "20210729111700+0100", "", ""),
            ("Contexte évocateur d'un haut risque", "20210729111700+0100", "", ""),
            ("Tumeur à évolution imprévisible et inconnue du sein", "2007", "", ""),
            ("excision d'un néoplasme maligne", "2010", "", ""),
            ("ablation d'un néoplasme bénin", "2010", "", ""),
            ("Chirurgie plastie", "2010", "", ""),
            ("not Chirurgie plastie", "2010", "", ""),
        ],
    },
    "CARD-F-PRC-AVK_2022.01": {
        "active": [
            ("Accident ischémique cérébral transitoire, sans précision", "20090812", "", "active"),
            ("Angine de poitrine instable", "20090812", "", "active"),
        ],
        "allergies": [
            ("ofloxacine", "20000328", "", "active"),
            ("gliclazide", "20000328", "", "inactive"),
            ("colestyramine", "20000328", "", "inactive"),
            ("paracétamol", "20000328", "", "inactive"),
        ],
        "stated": [
            ("PLAVIX 75 mg", "20080801", "20080831"),
            ("COUMADINE 5mg", "20000328", "20000404"),
            ("PLAVIX 75 mg", "20090512", "20090530"),
            ("COUMADINE 5mg", "20090830", ""),
        ],
    },
    "CARD-F-PRC-PPV_2022.01": {
        "active": [
            ("Accident ischémique cérébral transitoire, sans précision", "20060620", "", ""),
            ("Angine de poitrine instable", "20090622", "", ""),
            ("Hyperlipidémie mixte", "19990912", "", ""),
            ("Accident ischémique cérébral transitoire, sans précision", "20000328", "", ""),
            ("Angine de poitrine instable", "", "", ""),
        ],
        "stated": [
            ("COUMADINE 5mg", "20000328", "20000404"),
            ("PLAVIX 75 mg", "20090512", ""),
        ],
    },
    "CNAM-HR_2021.01": {
        "stated": [
            ("LUDEAL CPR3/21", "", ""),
            ("CRESTOR 5MG CPR9/10", "", ""),
            ("PRODUIT HOMEOPATHIQUE", "", ""),
        ],
        "done": [
            ("VACCIN TETANIQUE PASTEUR SUSP INJ1/.5", "", "", ""),
            ("HBVAXPRO 10 MICROG/ML SUSP INJ SER1/1", "", "", ""),
            ("VACCIN TETANIQUE PASTEUR SUSP INJ1/.5", "", "", ""),
        ],
    },
    "CSE-CS24_2024.01": {
        "past": [
            ("Prématurité inf. à 33 semaines", "", "", ""),
            ("Accident domestique depuis le 9ème mois", "", "", ""),
        ],
        "allergies": [
            ("Oui", "20210803", "", ""),
        ],
        "done": [
            ("Vaccin antituberculeux", "", "", "1"),
            ("Vaccin diphtérie-polyomielite-tétanos", "", "", "1"),
            ("Vaccin diphtérie-polyomielite-tétanos", "", "", "2"),
            ("Vaccin diphtérie-polyomielite-tétanos", "", "", "3"),
            ("Vaccin contre la coqueluche", "", "", "1"),
            ("Vaccin contre la coqueluche", "", "", "2"),
            ("Vaccin contre la coqueluche", "", "", "3"),
            ("Vaccin anti haemophilus influenzae B", "", "", "1"),
            ("Vaccin anti haemophilus influenzae B", "", "", "2"),
            ("Vaccin anti haemophilus influenzae B", "", "", "3"),
            ("Vaccin contre l'hépatite B", "", "", "1"),
            ("Vaccin contre l'hépatite B", "", "", "2"),
            ("Vaccin contre l'hépatite B", "", "", "3"),
            ("Vaccin antipneumococcique", "", "", "1"),
            ("Vaccin antipneumococcique", "", "", "2"),
            ("Vaccin antipneumococcique", "", "", "3"),
            ("Vaccin contre la rougeole, oreillons et rubéole", "", "", "1"),
            ("Vaccin contre la rougeole, oreillons et rubéole", "", "", "2"),
            ("Vaccin contre le méningocoque C", "", "", "1"),
            ("Vaccin contre le méningocoque C", "", "", "2"),
            ("Vaccin contre le rotavirus schéma complet", "", "", "1"),
            ("Vaccin contre le rotavirus schéma complet", "", "", "2"),
            ("Vaccin contre le méningocoque B", "", "", "1"),
            ("Vaccin contre le méningocoque B", "", "", "2"),
            ("Vaccin contre le méningocoque B", "", "", "3"),
        ],
    },
    "CSE-CS8_2024.01": {
        "active": [
            ("Détresse respiratoire du nouveau-né, sans précision", "", "", ""),
            ("Antibiothérapie (de plus de 48 heures)", "", "", ""),
            ("not Affection du système nerveux central, sans précision", "", "", ""),
            ("not Urgence chirurgicale", "", "", ""),
            ("Autres pathologies de la 1ère semaine", "", "", ""),
        ],
        "refused": [
            ("Vaccin antituberculeux", "", "", ""),
            ("Vaccin contre l'hépatite B", "", "", ""),
        ],
    },
    "CSE-CS9_2024.01": {
        "past": [
            ("not Prématurité inf. à 33 semaines", "", "", ""),
            ("Accident domestique avant le 9ème mois", "", "", ""),
        ],
        "done": [
            ("Vaccin antituberculeux", "", "", "1"),
            ("Vaccin diphtérie-polyomielite-tétanos", "", "", "1"),
            ("Vaccin diphtérie-polyomielite-tétanos", "", "", "2"),
            ("Vaccin contre la coqueluche", "", "", "1"),
            ("Vaccin contre la coqueluche", "", "", "2"),
            ("Vaccin anti haemophilus influenzae B", "", "", "1"),
            ("Vaccin anti haemophilus influenzae B", "", "", "2"),
            ("Vaccin contre l'hépatite B", "", "", "1"),
            ("Vaccin contre l'hépatite B", "", "", "2"),
            ("Vaccin antipneumococcique", "", "", "1"),
            ("Vaccin antipneumococcique", "", "", "2"),
            ("Vaccin contre le méningocoque C", "", "", "1"),
            ("Vaccin contre le rotavirus schéma complet", "", "", "1"),
            ("Vaccin contre le rotavirus schéma complet", "", "", "2"),
            ("Vaccin contre le méningocoque B", "", "", "1"),
            ("Vaccin contre le méningocoque B", "", "", "2"),
        ],
    },
    "DLU-EHPAD-DLU_2022.01": {
        "active": [
            ("Bronchite chronique simple", "20200327", "", ""),
        ],
        "past": [
            ("Infarctus aigu du myocarde", "20180811", "", ""),
        ],
        "allergies": [
            ("Intoxication alimentaire par mollusques et crustacés", "20190630", "20190717", ""),
            ("Paracétamol", "20140107", "", ""),
        ],
        "stated": [
            ("AMPICILLINE PANPHARMA 500 mg, poudre et solution pour préparation injectable", "20200302", "20200309"),
        ],
        "done": [
            (
                "VACCIN TETANIQUE PASTEUR, suspension injectable en seringue préremplie vaccin tétanique adsorbé",
                "",
                "",
                "",
            ),
            (
                "VAXIGRIPTETRA, suspension injectable en seringue préremplie. Vaccin grippal quadrivalent (inactivé, à virion fragmenté)",
                "",
                "",
                "",
            ),
            ("PNEUMOVAX en flacon. Vaccin pneumococcique polyosidique", "", "", ""),
        ],
    },
    "IPS-FR_2024.01": {
        "active": [
            ("Thyroïdite auto-immune", "20240111", "", "active confirmed"),
            ("Diabète insulino-dépendant", "20230705", "", "active confirmed"),
            ("epilepsie", "20230521", "", "active confirmed"),
            ("Angiœdème bradykinique", "20220211", "", "active confirmed"),
            ("Causes inconnues et non précisées de morbidité", "20220211", "", "recurrence unconfirmed"),
        ],
        "past": [
            ("Accident Ischémique Cérébral Transitoire", "20180422", "20180430", "resolved confirmed"),
            ("Pyélonéphrite aiguë", "20180114", "20180125", "resolved confirmed"),
        ],
        "allergies": [
            ("PARACETAMOL", "20211204", "", "active confirmed"),
        ],
        "stated": [
            ("LEVOTHYROX 75 microgrammes", "20220211", ""),
            ("ROSUVASTATINE EG 5 mg, comprimé pelliculé", "", ""),
            ("Autre(s) traitement(s)", "", ""),
        ],
        "done": [
            (
                "REVAXIS, suspension injectable en seringue préremplie. Vaccin diphtérique, tétanique et poliomyélitique (inactivé), (adsorbé)à teneur réduite en antigènes",
                "20090928094914+0100",
                "",
                "2",
            ),
            (
                "REVAXIS, suspension injectable en seringue préremplie. Vaccin diphtérique, tétanique et poliomyélitique (inactivé), adsorbé, à teneur réduite en antigènes",
                "20090928094914+0100",
                "",
                "1",
            ),
        ],
        "due": [
            ("Vaccin antituberculeux", "20241201", "20241231"),
            ("Autre vaccin", "20241201", "20241231"),
        ],
    },
    "OBP-SAP_2024.01": {
        "past": [
            ("Pyélonéphrite aiguë", "20230322", "", ""),
        ],
        "allergies": [
            ("paracétamol", "20230322", "", ""),
        ],
        "active": [
            ("Hémorragie précédant l'accouchement, non classée ailleurs", "20230322", "", ""),
            ("Faux travail avant 37 semaines révolues de gestation", "20230322", "", ""),
            ("Rupture prématurée des membranes", "20230322", "", ""),
            ("Hypertension gestationnelle [liée à la grossesse]", "20230322", "", ""),
            ("Diabète sucré préexistant à la grossesse, de type 1", "20230322", "", ""),
            ("Infection des voies urinaires, siège non précisé", "20230322", "", ""),
            ("Infections de l'appareil génito-urinaire au cours de la grossesse", "20230322", "", ""),
        ],
    },
    "SDM-MR_2022.01": {
        "active": [
            ("Leucémie lymphoblastique aigüe", "20181213", "", "confirmed"),
            ("Consanguinité", "20181213", "", ""),
        ],
        "stated": [
            ("Dacogen", "20170511000000", "20170611000000"),
        ],
    },
    "SDM-MR_2024.01_patiente-enceinte": {
        "active": [
            ("consanguinité", "20240112", "", ""),
        ],
    },
    "TLM-DA_2022.01_TCG": {
        "active": [
            ("Accident ischémique cérébral transitoire, sans précision", "20191125", "", "active"),
        ],
        "past": [
            ("Pyélonéphrite aiguë", "20080811", "", ""),
        ],
        "allergies": [
            ("céfépime", "20180221", "", "active"),
        ],
        "stated": [
            ("PLAVIX 75 mg", "20190429", "20190529"),
        ],
    },
    "TLM-DA_2022.01_TE1_anamnese-non-structuree": {
        "stated": [
            ("PLAVIX 75 mg", "20190429", "20190529"),
        ],
    },
    "VAC_2023.01": {
        "done": [
            ("VACCIN BCG SSI, poudre et solvant pour suspension injectable", "1975", "", "1"),
            (
                "VACCIN TETANIQUE PASTEUR, suspension injectable en seringue préremplie vaccin tétanique adsorbé",
                "20090928094914+0100",
                "",
                "1",
            ),
            (
                "VACCIN TETANIQUE PASTEUR, suspension injectable en seringue préremplie vaccin tétanique adsorbé",
                "20090928094914+0100",
                "",
                "2",
            ),
            (
                "VACCIN MENINGOCOCCIQUE A+C POLYOSIDIQUE, poudre et solvant pour suspension injectable en seringue préremplie",
                "20210409",
                "",
                "1",
            ),
        ],
    },
    "VSM_1.4_2022.01": {
        "active": [
            ("Accident ischémique cérébral transitoire, sans précision", "20190811", "", ""),
            ("Angine de poitrine instable", "20190811", "", ""),
        ],
        "past": [
            ("Pyélonéphrite aiguë", "20180422", "20180430", ""),
            ("Infarctus transmural aigu du myocarde, de la paroi inférieure", "20180114", "20180125", ""),
        ],
        "allergies": [
            ("PARACETAMOL", "20180603", "", "inactive"),
        ],
        "stated": [
            ("PLAVIX 75 mg", "20190811", ""),
            ("COUMADINE 5mg", "20190811", ""),
        ],
    },
    "eDISP-MED_2024.01": {
        "dispensed": [
            (
                "PARACETAMOL VIATRIS 500 mg, comprimé plaquette(s) thermoformée(s) PVC-aluminium de 16 comprimé(s)",
                "20230125",
                "20230127",
            ),
            ("pommade pour application cutanée et nasale", "", ""),
        ],
    },
    "eP-MED-DM_2022.01_PosoNonStruct": {
        "prescribed": [
            ("PARACETAMOL MYLAN 500 mg, comprimé", "20211201", "20211206"),
            ("Préparation magistrale : - 30g de diprosone - 70g de Cérat Frais de Galien", "20211201", "20211206"),
        ],
    },
    "eP-MED-DM_2023.01_PosoNonStruct": {
        "prescribed": [
            ("PARACETAMOL MYLAN 500 mg, comprimé", "20211201", "20211206"),
            ("Préparation magistrale : - 30g de diprosone - 70g de Cérat Frais de Galien", "20211201", "20211206"),
        ],
    },
    "eP-MED-DM_2024.01_PosoNonStruct": {
        "prescribed": [
            ("PARACETAMOL MYLAN 500 mg, comprimé", "20231201", "20231206"),
            ("Préparation magistrale : - 30g de diprosone - 70g de Cérat Frais de Galien", "20231201", "20231206"),
        ],
    },
}
WORDED_BY_HAND = {
    "CANCER-FRCP_2022.01_Appareil": {
        "active": "Comorbidités 10/01/2019 Diabète sucré 03/01/2019 Epilepsie",
        "past": "Antécédents médicaux (ceux notables pour l'avis) 1978 Mastectomie",
    },
    "LDL-SES_2022.01": {"allergies": "Aucune allergie / intolérance identifiée pendant le séjour"},
}
"""Lists that name nothing by entries, in their authors' words."""
OF_OTHERS = {
    "CSE-MDE_2023.01",
    "OBP-SNE_2024.01",
    "CSE-CS24_2024.01",
    "CSE-CS8_2024.01",
    "CSE-CS9_2024.01",
    "OBP-SAP_2024.01",
    "SDM-MR_2024.01_patiente-enceinte",
    "eDISP-MED_2024.01",
}
"""Examples about patients other than that of the others."""
UNCODED_VACCINATION = "BIO-CR-BIO_2024.01_DEP-CCU-HPV-structure-CYTO-pdf"
"""A laboratory report that says beside its results that a vaccination was not given: of laboratory reports only results are taken."""
