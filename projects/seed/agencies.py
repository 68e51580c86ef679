"""The 25 agencies of the fictional government. None of them exists."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AgencySpec:
    """One agency: its code, names, the ministry above it, and how much of the portfolio it has.

    `subjects` are what its systems are about (Japanese, English). `is_reticent` agencies withhold
    some of their figures.
    """

    code: str
    name: str
    name_en: str
    parent: str
    weight: float
    subjects: tuple[tuple[str, str], ...]
    special_account: str = ""
    is_reticent: bool = False


# fmt: off
AGENCIES: tuple[AgencySpec, ...] = (
    AgencySpec("seimu", "架空政務院", "Fictional Office of State", "", 4, (("閣議案件", "Cabinet matters"), ("公文書", "Official records"), ("栄典", "Honours"), ("政策広報", "Policy news"), ("統計総合", "General statistics"))),
    AgencySpec("koan", "架空公安委員会", "Fictional Public Safety Commission", "", 1.5, (("免許統括", "Licence oversight"), ("交通安全", "Road safety"), ("遺失物", "Lost property"))),
    AgencySpec("keibi", "架空警備庁", "Fictional Guard Agency", "koan", 4.5, (("運転免許", "Driving licences"), ("交通規制", "Traffic control"), ("通信指令", "Dispatch"), ("犯罪統計", "Crime statistics"), ("警備情報", "Guard information")), is_reticent=True),
    AgencySpec("kinko", "架空金庫監督庁", "Fictional Financial Oversight Agency", "", 2.5, (("金融機関届出", "Bank notifications"), ("有価証券開示", "Securities disclosure"), ("検査監督", "Inspection"), ("資金移動業", "Money transfer"))),
    AgencySpec("kurashi", "架空暮らし庁", "Fictional Consumer Life Agency", "", 1.5, (("消費生活相談", "Consumer advice"), ("食品表示", "Food labelling"), ("製品事故", "Product accidents"))),
    AgencySpec("denshi", "架空電子行政庁", "Fictional Electronic Government Agency", "", 6, (("共通認証", "Common sign-in"), ("電子申請", "Electronic filing"), ("情報連携", "Data exchange"), ("政府共通基盤", "Government platform"), ("職員業務", "Staff work"), ("法人基盤", "Business register"))),
    AgencySpec("jichi", "架空自治通信省", "Fictional Ministry of Localities and Communications", "", 6, (("地方財政", "Local finance"), ("電波利用", "Radio use"), ("選挙", "Elections"), ("住民記録", "Resident records"), ("国勢統計", "Census"), ("行政相談", "Citizen counselling"))),
    AgencySpec("bosai", "架空消防防災庁", "Fictional Fire and Disaster Agency", "jichi", 2, (("災害情報", "Disaster information"), ("危険物", "Hazardous goods"), ("救急搬送", "Ambulances"))),
    AgencySpec("hosei", "架空法制省", "Fictional Ministry of Law", "", 3.5, (("訟務", "Litigation"), ("矯正", "Corrections"), ("人権相談", "Rights counselling"), ("法令データ", "Law data"))),
    AgencySpec("toki", "架空登記庁", "Fictional Registration Agency", "hosei", 3, (("不動産登記", "Land registration"), ("商業登記", "Company registration"), ("動産登記", "Chattel registration"), ("供託", "Deposits"))),
    AgencySpec("nyukoku", "架空出入国庁", "Fictional Immigration Agency", "hosei", 2.5, (("在留管理", "Residence"), ("出入国審査", "Border control"), ("査証連携", "Visa exchange")), is_reticent=True),
    AgencySpec("gaiko", "架空外交省", "Fictional Ministry of Foreign Relations", "", 3.5, (("旅券", "Passports"), ("領事", "Consular work"), ("公電", "Diplomatic cables"), ("経済協力", "Development aid")), is_reticent=True),
    AgencySpec("kokko", "架空国庫省", "Fictional Ministry of the Treasury", "", 4, (("予算編成", "Budget making"), ("国有財産", "State property"), ("歳入歳出", "Receipts and payments"), ("通関", "Customs clearance"))),
    AgencySpec("sozei", "架空租税庁", "Fictional Revenue Agency", "kokko", 5, (("総合税務", "Tax administration"), ("電子申告", "Electronic tax filing"), ("納付", "Tax payment"), ("調査支援", "Audit support"), ("酒類", "Liquor licences"))),
    AgencySpec("gakugei", "架空学術文化省", "Fictional Ministry of Learning and Culture", "", 4.5, (("学校基本", "Schools"), ("奨学", "Scholarships"), ("研究公募", "Research calls"), ("教員免許", "Teaching licences"), ("著作権", "Copyright"))),
    AgencySpec("geijutsu", "架空芸術庁", "Fictional Arts Agency", "gakugei", 1.5, (("文化財", "Cultural property"), ("芸術助成", "Arts grants"))),
    AgencySpec("kenko", "架空健康労働省", "Fictional Ministry of Health and Labour", "", 15, (("職業紹介", "Job placement"), ("雇用保険", "Employment insurance"), ("労災", "Work accidents"), ("医薬品", "Medicines"), ("感染症", "Infectious diseases"), ("介護", "Long-term care"), ("福祉統計", "Welfare statistics")), special_account="労働保険"),
    AgencySpec("nenkin", "架空年金庁", "Fictional Pension Agency", "kenko", 5, (("年金記録", "Pension records"), ("年金給付", "Pension payments"), ("保険料徴収", "Contributions"), ("年金相談", "Pension advice")), special_account="年金"),
    AgencySpec("nosan", "架空農山漁村省", "Fictional Ministry of Farms and Fisheries", "", 5.5, (("農地", "Farmland"), ("補助金", "Subsidies"), ("検疫", "Quarantine"), ("漁獲", "Catches"), ("食料統計", "Food statistics"))),
    AgencySpec("sangyo", "架空産業省", "Fictional Ministry of Industry", "", 5.5, (("企業支援", "Business support"), ("補助金申請", "Grant applications"), ("計量", "Measures"), ("輸出管理", "Export control"), ("省エネ", "Energy saving"))),
    AgencySpec("hatsumei", "架空発明庁", "Fictional Inventions Agency", "sangyo", 2.5, (("特許出願", "Patent filing"), ("商標", "Trade marks"), ("審査", "Examination")), special_account="発明"),
    AgencySpec("kokudo", "架空国土省", "Fictional Ministry of Land and Transport", "", 8, (("道路", "Roads"), ("河川", "Rivers"), ("自動車登録", "Vehicle registration"), ("建設業許可", "Builders' licences"), ("港湾", "Ports"), ("航空保安", "Air safety")), special_account="自動車安全"),
    AgencySpec("tenki", "架空天気庁", "Fictional Weather Agency", "kokudo", 2.5, (("気象観測", "Weather observation"), ("地震津波", "Earthquakes and tsunami"), ("予報", "Forecasts"))),
    AgencySpec("umi", "架空海上安全庁", "Fictional Sea Safety Agency", "kokudo", 2, (("船舶動静", "Ship movements"), ("海図", "Charts"), ("救難", "Rescue"))),
    AgencySpec("shizen", "架空自然環境省", "Fictional Ministry of Nature", "", 3, (("廃棄物", "Waste"), ("公園", "Parks"), ("排出量", "Emissions"), ("化学物質", "Chemicals"))),
)
# fmt: on

# What a system does with its subject (Japanese, English).
FUNCTIONS = (
    ("管理", "management"),
    ("申請受付", "application intake"),
    ("台帳", "register"),
    ("審査支援", "examination support"),
    ("情報提供", "information service"),
    ("統計調査", "survey"),
    ("分析", "analysis"),
    ("業務支援", "work support"),
    ("通知", "notification"),
    ("文書管理", "records"),
    ("照会", "enquiry"),
    ("予約", "booking"),
    ("監視", "monitoring"),
    ("給付", "payment"),
    ("研修", "training"),
    ("データ連携", "data link"),
)
QUALIFIERS = (
    ("", ""),
    ("", ""),
    ("総合", "general "),
    ("地方", "regional "),
    ("新", "new "),
    ("簡易", "simple "),
)
VENDORS = (
    "株式会社架空システムズ",
    "架空データ株式会社",
    "株式会社カクウ情報",
    "架空通信サービス株式会社",
    "架空総研株式会社",
    "株式会社架空クラウド",
    "架空電機株式会社",
    "株式会社架空ソリューション",
    "架空リース株式会社",
    "有限会社架空ソフト",
    "株式会社架空コンサルティング",
    "架空ネットワークス株式会社",
)
